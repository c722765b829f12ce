import MillraceCore

extension WrittenTime {
  /// Reads the value of an option.
  /// - Throws: `CommandError` (`usage`) that names the option.
  init(_ text: String, of option: String) throws {
    guard let time = Self(text: text) else {
      throw CommandError(.usage, "\(option): `\(text)` is no time", hint: "write \(Self.forms)")
    }
    self = time
  }
}
