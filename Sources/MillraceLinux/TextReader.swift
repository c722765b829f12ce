/// A place in a kernel's text that moves on as the text is read.
///
/// It does not hold the text, which lies in a buffer of somebody else's: each verb is given it.
struct TextReader {
  private(set) var position = 0
  private let count: Int

  init(count: Int) { self.count = count }

  var isAtEnd: Bool { position == count }

  /// Reads up to the next blank, line end or end; returns where it lies.
  mutating func word(of text: Span<UInt8>) -> Range<Int> {
    let start = position
    while position < count, text[position] != UInt8(ascii: " "), text[position] != UInt8(ascii: "\n") {
      position += 1
    }
    return start..<position
  }

  /// Reads exactly these bytes; without them it stays where it is and returns false.
  mutating func skip(_ bytes: StaticString, of text: Span<UInt8>) -> Bool {
    guard position + bytes.utf8CodeUnitCount <= count,
      text.holds(bytes, in: position..<position + bytes.utf8CodeUnitCount)
    else { return false }
    position += bytes.utf8CodeUnitCount
    return true
  }

  /// Reads blanks, if there are any.
  mutating func skipBlanks(of text: Span<UInt8>) {
    while position < count, text[position] == UInt8(ascii: " ") { position += 1 }
  }

  /// Reads to the start of the next line.
  mutating func skipLine(of text: Span<UInt8>) {
    while position < count {
      position += 1
      if text[position - 1] == UInt8(ascii: "\n") { return }
    }
  }

  /// Reads a whole number, never negative; nil if there is none or it is over 2⁶³ − 1.
  mutating func number(of text: Span<UInt8>) -> Int64? {
    let start = position
    var number: Int64 = 0
    while position < count, let digit = Self.digit(text[position]) {
      let (tens, isOver) = number.multipliedReportingOverflow(by: 10)
      let (sum, isFull) = tens.addingReportingOverflow(digit)
      guard !isOver, !isFull else { return nil }
      number = sum
      position += 1
    }
    return position > start ? number : nil
  }

  /// Reads a number with two decimals, as the kernel writes averages; nil if there is none.
  mutating func decimal(of text: Span<UInt8>) -> Double? {
    guard let whole = number(of: text), skip(".", of: text), position + 2 <= count,
      let tenths = Self.digit(text[position]), let hundredths = Self.digit(text[position + 1])
    else { return nil }
    position += 2
    return Double(whole) + Double(tenths * 10 + hundredths) / 100
  }

  private static func digit(_ byte: UInt8) -> Int64? {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") ? Int64(byte - UInt8(ascii: "0")) : nil
  }
}

extension Span where Element == UInt8 {
  /// Whether a range holds exactly these bytes.
  func holds(_ bytes: StaticString, in range: Range<Int>) -> Bool {
    guard range.count == bytes.utf8CodeUnitCount else { return false }
    for offset in 0..<range.count where self[range.lowerBound + offset] != bytes.utf8Start[offset] {
      return false
    }
    return true
  }
}

extension String {
  /// The text of some bytes.
  init(decoding bytes: Span<UInt8>, in range: Range<Int>) {
    self = bytes.withUnsafeBufferPointer { String(decoding: $0[range], as: UTF8.self) }
  }
}
