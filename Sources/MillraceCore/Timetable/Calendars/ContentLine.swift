/// A line of an iCalendar text, whole again if it was folded: a name, parameters and a value
/// ([RFC 5545, 3.1](https://www.rfc-editor.org/rfc/rfc5545#section-3.1)).
struct ContentLine {
  /// In capitals.
  let name: String
  /// Names in capitals; without the quotation marks. Of several values with commas between, the whole.
  let parameters: [String: Field]
  private let text: UnfoldedLine
  private let valueRange: Range<Int>

  /// A piece of a line and where it begins.
  struct Field {
    var text: String
    var place: TextPlace
  }

  /// The place of the name.
  var place: TextPlace { text.place(at: 0) }

  var value: Field { text.field(valueRange) }

  /// Returns what is between some characters in the value.
  func values(separatedBy separator: Character) -> [Field] {
    guard let byte = separator.asciiValue else { preconditionFailure("separators are ASCII") }
    var fields: [Field] = []
    var start = valueRange.lowerBound
    for position in valueRange where text.bytes[position] == byte {
      fields.append(text.field(start..<position))
      start = position + 1
    }
    return fields + [text.field(start..<valueRange.upperBound)]
  }

  /// Reads a line.
  /// - Throws: `Mistakes` with the one that is wrong with it.
  init(_ text: UnfoldedLine) throws(Mistakes) {
    var reader = Reader(text: text)
    name = try reader.name("a line must be `NAME:value`", before: [";", ":"])
    parameters = try reader.parameters()
    self.text = text
    valueRange = reader.position..<text.bytes.count
  }

  private struct Reader {
    let text: UnfoldedLine
    var position = 0

    /// Reads letters, digits and hyphens up to one of the characters, which stays.
    mutating func name(_ rule: String, before ends: [Character]) throws(Mistakes) -> String {
      let start = position
      while let letter = current, letter.isASCII, letter.isLetter || letter.isNumber || letter == "-" {
        position += 1
      }
      guard position > start, let end = current, ends.contains(end) else { throw mistake(rule) }
      return text.field(start..<position).text.uppercased()
    }

    /// Reads parameters and the colon behind them.
    mutating func parameters() throws(Mistakes) -> [String: Field] {
      var parameters: [String: Field] = [:]
      while current == ";" {
        position += 1
        let name = try name("a parameter must be `;NAME=value`", before: ["="])
        position += 1
        let field = try parameterValue()
        guard parameters.updateValue(field, forKey: name) == nil else {
          throw Mistakes(at: field.place, "the parameter `\(name)` is given twice")
        }
      }
      guard current == ":" else { throw mistake("a `:` must stand before the value") }
      position += 1
      return parameters
    }

    private mutating func parameterValue() throws(Mistakes) -> Field {
      var words = ""
      let place = text.place(at: position)
      while let letter = current, letter != ";", letter != ":" {
        let start = position
        position += 1
        guard letter == "\"" else {
          while let next = current, !"\";:".contains(next) { position += 1 }
          words += text.field(start..<position).text
          continue
        }
        while let next = current, next != "\"" { position += 1 }
        guard current != nil else { throw Mistakes(at: text.place(at: start), "a quotation mark has no end") }
        words += text.field(start + 1..<position).text
        position += 1
      }
      return Field(text: words, place: place)
    }

    private var current: Character? {
      position < text.bytes.count ? Character(Unicode.Scalar(text.bytes[position])) : nil
    }

    private func mistake(_ message: String) -> Mistakes {
      Mistakes(at: text.place(at: position), message)
    }
  }
}

/// The bytes of a line whose folds are taken out: a line end with a blank behind it, anywhere, also between
/// the bytes of a character.
struct UnfoldedLine {
  private(set) var bytes: [UInt8] = []
  private var pieces: [Piece] = []

  /// What stood on one line of the text.
  private struct Piece {
    /// Where it begins in `bytes`.
    var offset: Int
    var place: TextPlace
  }

  /// Adds what stands on a line of the text.
  mutating func append(_ piece: ArraySlice<UInt8>, at place: TextPlace) {
    pieces.append(Piece(offset: bytes.count, place: place))
    bytes += piece
  }

  /// Returns where a byte is in the text.
  func place(at offset: Int) -> TextPlace {
    guard let piece = pieces.last(where: { $0.offset <= offset }) else { return .start }
    let scalars = bytes[piece.offset..<offset].count { $0 & 0xC0 != 0x80 }
    return TextPlace(line: piece.place.line, column: piece.place.column + scalars)
  }

  func field(_ range: Range<Int>) -> ContentLine.Field {
    ContentLine.Field(text: String(decoding: bytes[range], as: UTF8.self), place: place(at: range.lowerBound))
  }
}

/// Goes through the lines of an iCalendar text.
struct ContentLines {
  private let bytes: [UInt8]
  private var position: Int
  private var number = 1

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    position = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0  // The mark of UTF-8, which nobody needs.
  }

  /// Returns the next line that is not empty; nil at the end.
  ///
  /// - Throws: `Mistakes` for a line that is none; the next call goes on behind it.
  mutating func next() throws(Mistakes) -> ContentLine? {
    var line = UnfoldedLine()
    while line.bytes.isEmpty {
      guard position < bytes.count else { return nil }
      append(to: &line, from: 1)
      while position < bytes.count, isBlank(bytes[position]) {
        position += 1
        append(to: &line, from: 2)
      }
    }
    guard String(validating: line.bytes, as: UTF8.self) != nil else {
      throw Mistakes(at: line.place(at: 0), "the line is no UTF-8 text")
    }
    return try ContentLine(line)
  }

  private mutating func append(to line: inout UnfoldedLine, from column: Int) {
    let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
    let hasReturn = end > position && bytes[end - 1] == UInt8(ascii: "\r")
    line.append(bytes[position..<(hasReturn ? end - 1 : end)], at: TextPlace(line: number, column: column))
    position = min(end + 1, bytes.count)
    number += 1
  }

  private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
