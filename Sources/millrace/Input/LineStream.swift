/// Cuts bytes into lines as they come, and counts them.
struct LineStream {
  /// The most bytes of a line: an input of 64 MiB in base64, and what is around it.
  static let longest = 128 << 20

  /// The number of the last line that came, from 1.
  private(set) var number = 0
  private var partial: [UInt8] = []
  /// The name of the file, for errors.
  private let name: String

  init(of name: String) { self.name = name }

  /// Hands on the lines that these bytes complete, each without its break.
  /// - Throws: `CommandError` (`usage`) for a line that is too long, and what `body` throws.
  mutating func feed(_ bytes: ArraySlice<UInt8>, _ body: (ArraySlice<UInt8>, Int) throws -> Void) throws {
    var rest = bytes
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      number += 1
      if partial.isEmpty {
        try body(rest[..<end], number)
      } else {
        partial += rest[..<end]
        defer { partial = [] }
        try body(partial[...], number)
      }
      rest = rest[(end + 1)...]
    }
    partial += rest
    guard partial.count <= Self.longest else {
      throw CommandError(.usage, "`\(name)`, line \(number + 1): it is longer than \(Self.longest) bytes")
    }
  }

  /// Hands on the last line if it has no break.
  mutating func finish(_ body: (ArraySlice<UInt8>, Int) throws -> Void) throws {
    guard !partial.isEmpty else { return }
    number += 1
    defer { partial = [] }
    try body(partial[...], number)
  }
}
