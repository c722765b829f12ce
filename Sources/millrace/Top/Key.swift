/// A key of a terminal.
enum Key: Equatable {
  case character(Character)
  case up, down, left, right, pageUp, pageDown, home, end
  case enter, escape, backspace
}

/// Makes keys of the bytes that a terminal sends, however they are cut.
struct KeyDecoder {
  /// A longer sequence is no key.
  private static let longest = 32
  private static let escape: UInt8 = 0x1b

  private var pending: [UInt8] = []

  /// Whether bytes were taken that may be the beginning of something.
  var isPending: Bool { !pending.isEmpty }

  /// Takes bytes in and returns the keys that they complete.
  mutating func feed(_ bytes: some Sequence<UInt8>) -> [Key] {
    pending += bytes
    var keys: [Key] = []
    while let (key, length) = first() {
      pending.removeFirst(length)
      if let key { keys.append(key) }
    }
    return keys
  }

  /// Returns what the bytes mean if no others come: an escape key alone is the beginning of a sequence, too.
  mutating func flush() -> [Key] {
    let rest = pending
    pending = []
    guard rest.first == Self.escape else { return [] }
    return [.escape] + feed(rest.dropFirst())
  }

  /// The first key and how many bytes it takes, nil for none that is known; nothing if it is not complete.
  private func first() -> (key: Key?, length: Int)? {
    guard let byte = pending.first else { return nil }
    switch byte {
    case Self.escape: return sequence()
    case 0x0d, 0x0a: return (.enter, 1)
    case 0x08, 0x7f: return (.backspace, 1)
    case ..<0x20: return (nil, 1)
    case ..<0x80: return (.character(Character(Unicode.Scalar(byte))), 1)
    default: return character(byte)
    }
  }

  /// A character of several bytes (UTF-8).
  private func character(_ byte: UInt8) -> (key: Key?, length: Int)? {
    let length =
      switch byte {
      case 0xc2...0xdf: 2
      case 0xe0...0xef: 3
      case 0xf0...0xf4: 4
      default: 1
      }
    let bytes = pending.prefix(length)
    if let wrong = bytes.dropFirst().firstIndex(where: { $0 & 0xc0 != 0x80 }) { return (nil, wrong) }
    guard bytes.count == length else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self), text.count == 1, let character = text.first
    else { return (nil, length) }
    return (.character(character), length)
  }

  /// A sequence that begins with escape: CSI and SS3 are those of keys (ECMA-48, 5.4).
  private func sequence() -> (key: Key?, length: Int)? {
    guard pending.count > 1 else { return nil }
    let isLong = pending[1] == UInt8(ascii: "[")
    guard isLong || pending[1] == UInt8(ascii: "O") else { return (.escape, 1) }
    for (index, byte) in pending.enumerated().dropFirst(2) {
      switch byte {
      case 0x20...0x3f where isLong && index < Self.longest: continue
      case 0x40...0x7e: return (Self.key(final: byte, parameters: pending[2..<index]), index + 1)
      default: return (nil, index)
      }
    }
    return nil
  }

  private static func key(final: UInt8, parameters: ArraySlice<UInt8>) -> Key? {
    switch Character(Unicode.Scalar(final)) {
    case "A": .up
    case "B": .down
    case "C": .right
    case "D": .left
    case "H": .home
    case "F": .end
    case "M" where parameters.isEmpty: .enter
    case "~":
      switch String(decoding: parameters.prefix { $0 != UInt8(ascii: ";") }, as: UTF8.self) {
      case "1", "7": .home
      case "4", "8": .end
      case "5": .pageUp
      case "6": .pageDown
      default: nil
      }
    default: nil
    }
  }
}
