package import FoundationEssentials
package import MillraceCore

/// How the API's shapes become bytes: JSON with `snake_case` names, times as RFC 3339 text in UTC, sizes in
/// bytes, spans in seconds.
package enum Wire {
  /// The version in the path of each address.
  package static let prefix = "/v1"

  /// Returns an encoder; `pretty` sorts the members and breaks the lines.
  package static func encoder(pretty: Bool = false) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting =
      pretty
      ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  /// Returns a decoder of what `encoder` makes.
  package static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }

  /// Returns a time as RFC 3339 text with milliseconds: `2026-11-21T04:20:00.123Z`.
  package static func text(of time: Timestamp) -> String { TimeText.text(of: time) }

  /// Returns the same with microseconds.
  package static func exactText(of time: Timestamp) -> String { TimeText.exactText(of: time) }

  /// Returns a time as HTTP wants it: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
  package static func httpDate(of time: Timestamp) -> String { TimeText.httpDate(of: time) }

  /// Reads a time as RFC 3339 text, or a day (`2026-08-01`, midnight UTC); nil if it is neither.
  package static func time(from text: String) -> Timestamp? { TimeText.time(from: text) }
}
