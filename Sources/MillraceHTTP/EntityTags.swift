import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore

/// Entity tags: what tells the states of a thing that is edited (RFC 9110, 8.8.3).
enum EntityTags {
  static func text(of revision: String) -> String { "\"\(revision)\"" }

  /// Returns the revisions that a request takes a thing to be, from `If-Match` (RFC 9110, 13.1.1); nil if it
  /// may be anything. A weak tag is none of them.
  /// - Throws: `Refusal` for what is no list of tags.
  static func expected(by request: Request) throws -> Set<String>? {
    guard let text = request.headers[.ifMatch], text != "*" else { return nil }
    let tags = text.split(separator: ",").map { $0.trimmingPrefix(while: \.isWhitespace) }
    return Set(
      try tags.compactMap { tag in
        let isWeak = tag.hasPrefix("W/")
        let quoted = (isWeak ? tag.dropFirst(2) : tag).reversed().drop(while: \.isWhitespace).reversed()
        guard quoted.count > 1, quoted.first == "\"", quoted.last == "\"" else {
          throw Refusal(
            .invalid, "`If-Match` is no list of entity tags",
            hint: "send the `ETag` as it came, with its quotes")
        }
        return isWeak ? nil : String(quoted.dropFirst().dropLast())
      })
  }
}
