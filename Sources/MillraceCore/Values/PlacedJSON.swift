/// JSON text with the place of each of its parts (https://www.rfc-editor.org/rfc/rfc8259).
package enum PlacedJSON {
  /// So deep can values lie in each other.
  package static let deepest = 64

  /// Reads one value.
  ///
  /// - Parameter bytes: the whole text, in UTF-8.
  /// - Returns: it; whole numbers stay whole, no name of an object comes twice.
  /// - Throws: `NoJSON` with the first mistake.
  package static func tree(of bytes: [UInt8]) throws(NoJSON) -> PlacedValue {
    var reader = JSONReader(bytes)
    return try reader.document()
  }
}

/// A text that should be JSON and is none.
package struct NoJSON: Error, Sendable, Equatable {
  /// Nil if it is about the text as a whole.
  package var place: TextPlace?
  package var message: String
}

/// Reads JSON from its first byte to its last.
private struct JSONReader {
  private let bytes: [UInt8]
  private var index = 0
  /// A place that is known; the next one is counted from there.
  private var known = TextPlace.start
  private var knownIndex = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(NoJSON) -> PlacedValue {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw NoJSON(place: nil, message: "this is no text in UTF-8")
    }
    let value = try value(depth: 0)
    skipBlanks()
    guard index == bytes.count else { throw mistake("nothing can follow the value") }
    return value
  }

  private mutating func value(depth: Int) throws(NoJSON) -> PlacedValue {
    skipBlanks()
    let place = place()
    guard depth < PlacedJSON.deepest else {
      throw mistake("values lie more than \(PlacedJSON.deepest) deep in each other")
    }
    switch current {
    case UInt8(ascii: "{"): return .object(try members(depth: depth), place)
    case UInt8(ascii: "["): return .list(try elements(depth: depth), place)
    case UInt8(ascii: "\""): return .scalar(.string(try text()), place)
    case UInt8(ascii: "t"): return .scalar(try word("true", .bool(true)), place)
    case UInt8(ascii: "f"): return .scalar(try word("false", .bool(false)), place)
    case UInt8(ascii: "n"): return .scalar(try word("null", .null), place)
    case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte):
      return .scalar(try number(), place)
    default: throw mistake("a value is missing")
    }
  }

  private mutating func members(depth: Int) throws(NoJSON) -> [PlacedValue.Member] {
    var members: [PlacedValue.Member] = []
    var names: Set<String> = []
    index += 1
    skipBlanks()
    if skip("}") { return [] }
    repeat {
      skipBlanks()
      guard current == UInt8(ascii: "\"") else { throw mistake("a name in quotes is missing") }
      let place = place()
      let name = try text()
      guard names.insert(name).inserted else {
        throw NoJSON(place: place, message: "this is no JSON: `\(name)` is given twice")
      }
      skipBlanks()
      guard skip(":") else { throw mistake("a `:` is missing") }
      members.append(.init(name: name, place: place, value: try value(depth: depth + 1)))
      skipBlanks()
    } while skip(",")
    guard skip("}") else { throw mistake("a `,` or `}` is missing") }
    return members
  }

  private mutating func elements(depth: Int) throws(NoJSON) -> [PlacedValue] {
    var elements: [PlacedValue] = []
    index += 1
    skipBlanks()
    if skip("]") { return [] }
    repeat {
      elements.append(try value(depth: depth + 1))
      skipBlanks()
    } while skip(",")
    guard skip("]") else { throw mistake("a `,` or `]` is missing") }
    return elements
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(NoJSON) -> JSONValue {
    guard bytes[index...].starts(with: word.utf8) else { throw mistake("a value is missing") }
    index += word.utf8.count
    return value
  }

  private mutating func number() throws(NoJSON) -> JSONValue {
    let start = index
    _ = skip("-")
    if !skip("0") { try digits() }
    var isWhole = true
    if skip(".") {
      isWhole = false
      try digits()
    }
    if skip("e") || skip("E") {
      isWhole = false
      if !skip("+") { _ = skip("-") }
      try digits()
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if isWhole, let whole = Int64(text) { return .integer(whole) }
    guard let number = Double(text), number.isFinite else {
      index = start
      throw mistake("`\(text)` is too large for a number")
    }
    return .number(number)
  }

  private mutating func digits() throws(NoJSON) {
    let start = index
    while let byte = current, (0x30...0x39).contains(byte) { index += 1 }
    guard index > start else { throw mistake("a digit is missing") }
  }

  /// Reads a text from its opening quote on.
  private mutating func text() throws(NoJSON) -> String {
    index += 1
    var text: [UInt8] = []
    while let byte = current {
      switch byte {
      case UInt8(ascii: "\""):
        index += 1
        return String(decoding: text, as: UTF8.self)
      case UInt8(ascii: "\\"): text += String(try escaped()).utf8
      case 0..<0x20: throw mistake("a control character in a text must be written as `\\u00…`")
      default:
        text.append(byte)
        index += 1
      }
    }
    throw mistake("the text has no end")
  }

  private mutating func escaped() throws(NoJSON) -> Unicode.Scalar {
    index += 1
    guard let byte = current else { throw mistake("the text has no end") }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicode()
    default:
      index -= 1
      throw mistake("there is no `\\\(Unicode.Scalar(byte))`")
    }
  }

  /// Reads what follows `\u`: one unit of UTF-16, or two that belong together.
  private mutating func unicode() throws(NoJSON) -> Unicode.Scalar {
    let first = try unit()
    if let scalar = Unicode.Scalar(first) { return scalar }
    guard (0xD800..<0xDC00).contains(first), skip("\\"), skip("u") else {
      throw mistake("half of a surrogate pair is no character")
    }
    let second = try unit()
    guard (0xDC00..<0xE000).contains(second),
      let scalar = Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    else { throw mistake("half of a surrogate pair is no character") }
    return scalar
  }

  private mutating func unit() throws(NoJSON) -> UInt32 {
    let digits = String(decoding: bytes[index...].prefix(4), as: UTF8.self)
    guard digits.utf8.count == 4, digits.allSatisfy(\.isHexDigit), let unit = UInt32(digits, radix: 16) else {
      throw mistake("`\\u` needs four hexadecimal digits")
    }
    index += 4
    return unit
  }

  private var current: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard let byte = current, UInt32(byte) == character.value else { return false }
    index += 1
    return true
  }

  private mutating func skipBlanks() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
  }

  /// Returns the place of the byte that is read next; places are asked for in their order.
  private mutating func place() -> TextPlace {
    for byte in bytes[min(knownIndex, index)..<index] {
      if byte == UInt8(ascii: "\n") {
        known = TextPlace(line: known.line + 1, column: 1)
      } else if byte & 0xC0 != 0x80 {
        known.column += 1
      }
    }
    knownIndex = index
    return known
  }

  private mutating func mistake(_ message: String) -> NoJSON {
    NoJSON(place: place(), message: "this is no JSON: \(message)")
  }
}
