/// Counts the lines and words of UTF-8 text that comes in pieces.
///
/// A word is a run of letters, digits, marks and inner apostrophes, compared in lower case. A last line
/// counts though it may lack its line feed.
struct WordCounter {
  /// The text is not what people call text.
  enum Problem: Error {
    case zeroByte
    case wordTooLong
  }

  /// A longer run of bytes without a space or sign is no word: no text has one.
  static let wordBytesMax = 64 << 10

  private(set) var words = 0
  private(set) var frequencies: [String: Int] = [:]
  private var lineFeeds = 0
  private var lastByte = UInt8(ascii: "\n")
  private var word: [UInt8] = []
  private var wordIsASCII = true

  /// How many words differ.
  var distinctWords: Int { frequencies.count }

  /// How many lines there are.
  var lines: Int { lineFeeds + (lastByte == UInt8(ascii: "\n") ? 0 : 1) }

  /// Takes in the next bytes; a word may go on in the piece after them.
  mutating func count(_ bytes: UnsafeRawBufferPointer) throws(Problem) {
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "'"):
        word.append(byte)
      case UInt8(ascii: "A")...UInt8(ascii: "Z"):
        word.append(byte | 0x20)
      case 0x80...:
        word.append(byte)
        wordIsASCII = false
      case 0:
        throw .zeroByte
      default:
        if byte == UInt8(ascii: "\n") { lineFeeds += 1 }
        endWord()
      }
      guard word.count <= Self.wordBytesMax else { throw .wordTooLong }
    }
    lastByte = bytes.last ?? lastByte
  }

  /// Ends the text.
  mutating func finish() { endWord() }

  /// Returns the most frequent words, those of the same count in alphabetical order.
  func mostFrequent(_ count: Int) -> [(word: String, count: Int)] {
    let ordered = frequencies.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    return ordered.prefix(count).map { (word: $0.key, count: $0.value) }
  }

  private mutating func endWord() {
    guard !word.isEmpty else { return }
    if wordIsASCII {
      add(word[...])
    } else {
      addBeyondASCII(String(decoding: word, as: UTF8.self))
    }
    word.removeAll(keepingCapacity: true)
    wordIsASCII = true
  }

  /// Adds the words of a run in which signs beyond ASCII (dashes, quotation marks, wide spaces) may stand
  /// too.
  private mutating func addBeyondASCII(_ run: String) {
    let parts = run.lowercased().unicodeScalars.split { scalar in
      !(scalar == "'" || scalar == "\u{2019}" || Self.isPartOfWord(scalar))
    }
    for part in parts {
      let text = part.map { $0 == "\u{2019}" ? "'" : $0 }
      add(text.flatMap { UTF8.encode($0).map(Array.init) ?? [] }[...])
    }
  }

  private static func isPartOfWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .letterNumber, .otherNumber:
      true
    default: false
    }
  }

  /// Adds one word, without the apostrophes around it.
  private mutating func add(_ bytes: ArraySlice<UInt8>) {
    let apostrophe = UInt8(ascii: "'")
    guard let first = bytes.firstIndex(where: { $0 != apostrophe }),
      let last = bytes.lastIndex(where: { $0 != apostrophe })
    else { return }
    words += 1
    frequencies[String(decoding: bytes[first...last], as: UTF8.self), default: 0] += 1
  }
}
