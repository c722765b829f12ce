import CMillraceLinux
import CMillraceLinux.Libc

/// The texts of a spool: lines of words, with one space between two words. What a later version adds is
/// passed over.
enum SpoolText {
  /// The longest text.
  static let maximumSize = 64 << 10

  typealias Word = ArraySlice<UInt8>

  /// Returns the words of each line.
  static func lines(of bytes: [UInt8]) -> [[Word]] {
    bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
    }
  }

  /// Whether `word` is this text.
  static func isWord(_ word: Word, _ text: StaticString) -> Bool {
    text.withUTF8Buffer { word.elementsEqual($0) }
  }

  /// Returns the number that a word is, without a sign; nil if it is none or not within bounds.
  static func number(_ word: Word, in bounds: ClosedRange<Int64>) -> Int64? {
    guard (1...18).contains(word.count) else { return nil }
    var number: Int64 = 0
    for byte in word {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      number = number * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return bounds.contains(number) ? number : nil
  }

  /// Returns words from elsewhere as part of a line: control characters become blanks.
  static func plain(_ text: UnsafePointer<CChar>, atMost limit: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    for index in 0..<limit {
      let byte = UInt8(bitPattern: text[index])
      if byte == 0 { break }
      bytes.append(byte < 0x20 || byte == 0x7f ? UInt8(ascii: " ") : byte)
    }
    return bytes
  }
}

extension SpoolText {
  /// The same of a text in a fixed array of C.
  static func plain<Field>(_ field: Field) -> [UInt8] {
    withUnsafeBytes(of: field) { bytes in
      guard let start = bytes.baseAddress else { return [] }
      return plain(start.assumingMemoryBound(to: CChar.self), atMost: bytes.count)
    }
  }
}

/// A text of a spool that is being made.
struct SpoolLines {
  private(set) var bytes: [UInt8] = []

  /// Adds a line.
  mutating func add(_ line: String) {
    bytes.append(contentsOf: line.utf8)
    bytes.append(UInt8(ascii: "\n"))
  }

  /// Adds a line of a word and a text whose bytes are plain.
  mutating func add(_ word: StaticString, _ text: [UInt8]) {
    word.withUTF8Buffer { bytes.append(contentsOf: $0) }
    bytes.append(UInt8(ascii: " "))
    bytes.append(contentsOf: text)
    bytes.append(UInt8(ascii: "\n"))
  }
}
