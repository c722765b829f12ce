import CMillraceLinux.Libc

/// A text in a C array of fixed size, always ended by a zero byte; what does not fit is cut between two
/// characters of UTF-8.
enum FixedText {
  /// Stores `text` in `field`.
  static func store<Field>(_ text: UnsafePointer<CChar>, in field: UnsafeMutablePointer<Field>) {
    store(UnsafeRawBufferPointer(start: text, count: strlen(text)), in: field)
  }

  /// Stores `text` in `field`.
  static func store<Field>(_ text: String, in field: UnsafeMutablePointer<Field>) {
    var text = text
    text.withUTF8 { store(UnsafeRawBufferPointer($0), in: field) }
  }

  private static func store<Field>(_ text: UnsafeRawBufferPointer, in field: UnsafeMutablePointer<Field>) {
    let size = MemoryLayout<Field>.size
    let target = UnsafeMutableRawBufferPointer(start: field, count: size)
    let length = wholeCharacters(of: text, within: size - 1)
    target.copyMemory(from: UnsafeRawBufferPointer(rebasing: text[..<length]))
    target[length] = 0
  }

  /// Returns the text that begins at `field`, or nil if no zero byte ends it there.
  static func load<Field>(_ field: UnsafePointer<Field>) -> UnsafePointer<CChar>? {
    guard memchr(field, 0, MemoryLayout<Field>.size) != nil else { return nil }
    return UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self)
  }

  /// Returns how many bytes of `text` are at most `bound` and don't end inside a character.
  static func wholeCharacters(of text: UnsafeRawBufferPointer, within bound: Int) -> Int {
    guard text.count > bound else { return text.count }
    var length = bound
    while length > 0 && text[length] & 0xc0 == 0x80 { length -= 1 }
    return length
  }
}
