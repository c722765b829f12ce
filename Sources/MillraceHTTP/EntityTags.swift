import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore

/// Entity tags: what tells the states of a thing apart (RFC 9110, 8.8.3).
enum EntityTags {
  static func text(of revision: String) -> String { "\"\(revision)\"" }

  /// Returns the revisions that a request takes a thing to be, from `If-Match` (RFC 9110, 13.1.1); nil if it
  /// may be anything. A weak tag is none of them.
  /// - Throws: `Refusal` for what is no list of tags.
  static func expected(by request: Request) throws -> Set<String>? {
    switch try Condition(.ifMatch, of: request) {
    case nil, .any: nil
    case .tags(let tags): Set(tags.filter { !$0.isWeak }.map(\.revision))
    }
  }

  /// Whether a client has a revision already, by `If-None-Match` (RFC 9110, 13.1.2: the comparison is weak).
  /// - Throws: `Refusal` for what is no list of tags.
  static func isKnown(_ revision: String, to request: Request) throws -> Bool {
    switch try Condition(.ifNoneMatch, of: request) {
    case nil: false
    case .any: true
    case .tags(let tags): tags.contains { $0.revision == revision }
    }
  }

  /// What such a field says.
  private enum Condition {
    case any
    case tags([(revision: String, isWeak: Bool)])

    /// Reads a field of a request; nil if it is not there.
    init?(_ field: HTTPField.Name, of request: Request) throws {
      guard let text = request.headers[field] else { return nil }
      guard text != "*" else {
        self = .any
        return
      }
      self = .tags(
        try text.split(separator: ",").map { part in
          let tag = part.trimmingPrefix(while: \.isWhitespace)
          let isWeak = tag.hasPrefix("W/")
          let quoted = (isWeak ? tag.dropFirst(2) : tag).reversed().drop(while: \.isWhitespace).reversed()
          guard quoted.count > 1, quoted.first == "\"", quoted.last == "\"" else {
            throw Refusal(
              .invalid, "`\(field.canonicalName)` is no list of entity tags",
              hint: "send the `ETag` as it came, with its quotes")
          }
          return (String(quoted.dropFirst().dropLast()), isWeak)
        })
    }
  }
}
