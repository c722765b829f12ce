import CMillraceLinux.Libc

/// Writes JSON into memory of fixed size. After a misfit or bad text nothing more is written; `problem` says
/// which it was.
struct JSONWriter {
  private let target: UnsafeMutableRawBufferPointer
  private(set) var length = 0
  private(set) var problem: Problem?
  /// Whether the next value or key is the first of its object or array.
  private var isFirst = true

  /// Why the text is not whole.
  enum Problem {
    case tooLong
    case notUTF8
  }

  init(_ target: UnsafeMutableRawBufferPointer) { self.target = target }

  /// Writes an object as a value, or as the root.
  mutating func object(_ members: (inout JSONWriter) -> Void) { nested("{", "}", members) }

  /// Writes an array of what `elements` writes.
  mutating func array(_ elements: (inout JSONWriter) -> Void) { nested("[", "]", elements) }

  /// Writes the separator before an element of an array.
  mutating func element() {
    if !isFirst { append(",") }
    isFirst = false
  }

  /// Writes a member's key.
  mutating func key(_ key: StaticString) {
    element()
    append("\"")
    append(key)
    append("\":")
  }

  /// Writes a whole number.
  mutating func number(_ value: Int64) { append(String(value)) }

  /// Writes true or false.
  mutating func boolean(_ value: Bool) { append(value ? "true" : "false") }

  /// Writes a C text; null for NULL.
  mutating func text(_ text: UnsafePointer<CChar>?) {
    guard let text else { return append("null") }
    append("\"")
    // What is longer than the target can't fit; so a text without an end is not read far beyond it.
    let bytes = UnsafeRawBufferPointer(start: text, count: strnlen(text, target.count))
    var index = 0
    while index < bytes.count && problem == nil {
      let size = JSONWriter.characterSize(bytes, at: index)
      guard size > 0 else { return problem = .notUTF8 }
      if size == 1 {
        escaped(bytes[index])
      } else {
        append(UnsafeRawBufferPointer(rebasing: bytes[index..<index + size]))
      }
      index += size
    }
    append("\"")
  }

  private mutating func nested(
    _ open: StaticString, _ close: StaticString, _ body: (inout JSONWriter) -> Void
  ) {
    append(open)
    isFirst = true
    body(&self)
    append(close)
    isFirst = false
  }

  private mutating func escaped(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case UInt8(ascii: "\n"): append("\\n")
    case UInt8(ascii: "\t"): append("\\t")
    case 0..<0x20, 0x7f:
      append(byte < 0x10 ? "\\u000" : "\\u00")
      append(String(byte, radix: 16))
    default: withUnsafeBytes(of: byte) { append($0) }
    }
  }

  private mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(UnsafeRawBufferPointer($0)) }
  }

  private mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard problem == nil else { return }
    guard bytes.count <= target.count - length else { return problem = .tooLong }
    UnsafeMutableRawBufferPointer(rebasing: target[length...]).copyMemory(from: bytes)
    length += bytes.count
  }

  /// Returns how many bytes the character at `index` has, 0 if it is not UTF-8 (RFC 3629).
  static func characterSize(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    func next(_ distance: Int) -> UInt8 {
      index + distance < bytes.count ? bytes[index + distance] : 0
    }
    func continues(_ distance: Int) -> Bool { next(distance) & 0xc0 == 0x80 }
    switch bytes[index] {
    case 0..<0x80: return 1
    case 0xc2...0xdf: return continues(1) ? 2 : 0
    case 0xe0: return next(1) >= 0xa0 && continues(1) && continues(2) ? 3 : 0
    case 0xed: return next(1) < 0xa0 && continues(1) && continues(2) ? 3 : 0
    case 0xe1...0xef: return continues(1) && continues(2) ? 3 : 0
    case 0xf0: return next(1) >= 0x90 && continues(1) && continues(2) && continues(3) ? 4 : 0
    case 0xf1...0xf3: return continues(1) && continues(2) && continues(3) ? 4 : 0
    case 0xf4: return next(1) < 0x90 && continues(1) && continues(2) && continues(3) ? 4 : 0
    default: return 0
    }
  }
}
