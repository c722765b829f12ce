import MillraceWire

/// Makes of the bytes of a log texts with their places, for a client that knows its beginning already.
struct LogTexts {
  /// Where the bytes begin that come next.
  private var position: Int64 = 0
  private let start: Int64
  /// The beginning of a character of which the rest has not come.
  private var partial: [UInt8] = []

  /// Makes one that passes over so many bytes.
  init(from start: Int64) { self.start = start }

  /// The place behind the last text.
  var end: Int64 { max(start, position - Int64(partial.count)) }

  /// Takes the next bytes in; returns the text that they complete, nil if there is none.
  mutating func take(_ bytes: [UInt8]) -> LogTextView? {
    let known = max(0, min(Int64(bytes.count), start - position))
    position += Int64(bytes.count)
    partial += bytes[Int(known)...]
    return cut(partial.count - Self.incomplete(partial))
  }

  /// Returns what is left, as it is.
  mutating func finish() -> LogTextView? { cut(partial.count) }

  private mutating func cut(_ count: Int) -> LogTextView? {
    guard count > 0 else { return nil }
    let view = LogTextView(
      offset: position - Int64(partial.count), text: String(decoding: partial[..<count], as: UTF8.self))
    partial.removeFirst(count)
    return view
  }

  /// How many bytes at the end are the beginning of a character (RFC 3629, 3).
  private static func incomplete(_ bytes: [UInt8]) -> Int {
    for (index, byte) in bytes.reversed().prefix(3).enumerated() where byte & 0xC0 != 0x80 {
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
      return length > index + 1 ? index + 1 : 0
    }
    return 0
  }
}
