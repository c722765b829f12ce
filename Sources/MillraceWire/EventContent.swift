package import MillraceCore
import FoundationEssentials

/// A media type as a header has it: `application/json; charset=utf-8`.
package struct MediaType: Sendable, Equatable {
  /// Lower case, without parameters.
  package let name: String
  /// Lower case; nil if it is not said.
  package let charset: String?

  /// Reads a header or an attribute.
  package init(_ text: String) {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false).map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()).lowercased()
    }
    name = parts[0]
    let parameter = parts.dropFirst().first { $0.hasPrefix("charset=") }
    charset = parameter.map { $0.dropFirst("charset=".count).filter { $0 != "\"" } }
  }

  /// Whether its content is JSON.
  package var isJSON: Bool { name == "application/json" || name.hasSuffix("+json") }

  /// Whether its content is text in UTF-8.
  package var isText: Bool {
    name.hasPrefix("text/") && (charset.map { $0 == "utf-8" || $0 == "us-ascii" } ?? true)
  }
}

extension CloudEvent {
  /// Takes bytes as its data: any value if they are JSON, a string if they are text in UTF-8, else base64.
  ///
  /// - Parameters:
  ///   - bytes: none for no data.
  ///   - type: what they are; nil is JSON.
  /// - Throws: `NoJSON` if they should be JSON and are none.
  package mutating func setData(_ bytes: [UInt8], of type: MediaType?) throws(NoJSON) {
    guard !bytes.isEmpty else { return }
    if type?.isJSON ?? true {
      let value = try PlacedJSON.tree(of: bytes).json
      data = value == .null ? nil : value
    } else if type?.isText ?? false, let text = String(validating: bytes, as: UTF8.self) {
      data = .string(text)
    } else {
      dataBase64 = Data(bytes).base64EncodedString()
    }
  }

  /// Whether it is larger than an event may be, written as JSON.
  package var isTooLarge: Bool {
    get throws { Int64(try Wire.encoder().encode(json).count) > Self.largest.rawValue }
  }
}
