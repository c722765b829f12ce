import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceWire

extension Request {
  /// The items of the query string, decoded, in order.
  ///
  /// A `+` stands for itself: times have it in their offset.
  var queryItems: QueryItems {
    get throws {
      try (uri.query ?? "").split(separator: "&").map { item in
        let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let text = parts.count == 2 ? parts[1] : ""
        guard let name = percentDecoded(parts[0]), let value = percentDecoded(text)
        else { throw Refusal(.invalid, "the query has a broken percent code: `\(item)`") }
        return (name, value)
      }
    }
  }
}

extension APIContext {
  /// The handler or schedule that the address names, decoded; as it is written if it has a broken code.
  var name: String {
    let text = parameters.get("name") ?? ""
    return percentDecoded(text[...]) ?? text
  }
}

/// Decodes percent codes (RFC 3986 §2.1); nil if one is broken or the bytes are no UTF-8.
func percentDecoded(_ text: Substring) -> String? {
  var bytes: [UInt8] = []
  var rest = text.utf8[...]
  while let byte = rest.popFirst() {
    guard byte == UInt8(ascii: "%") else {
      bytes.append(byte)
      continue
    }
    let digits = Substring(rest.prefix(2))
    guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let code = UInt8(digits, radix: 16) else {
      return nil
    }
    bytes.append(code)
    rest = rest.dropFirst(2)
  }
  return String(validating: bytes, as: UTF8.self)
}
