package import MillraceCore

/// Why a time zone can't be used.
package struct ZoneError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The reasons.
  package enum Reason: Sendable, Equatable {
    /// The text can't be the name of a zone: a path, or one that leads out of the directory.
    case badName
    /// There is no such zone; `near` is the one that may have been meant.
    case unknown(near: String?)
    /// It is a directory, a device or the like.
    case notAFile
    /// It has more bytes than any zone needs.
    case tooLarge
    /// A call of the kernel failed with this `errno`.
    case system(Int32, words: String)
    case malformed(ZoneFault)
  }

  /// As it was asked for.
  package var name: String
  package var reason: Reason
  /// What to do about it.
  package var hint: String

  init(_ name: String, _ reason: Reason, hint: String) {
    (self.name, self.reason, self.hint) = (name, reason, hint)
  }

  /// What is wrong, on one line.
  package var message: String {
    let why =
      switch reason {
      case .badName: "it is no name of a zone"
      case .unknown(nil): "there is no such zone"
      case .unknown(let near?): "there is no such zone, did you mean `\(near)`?"
      case .notAFile: "it is no file"
      case .tooLarge: "the file is larger than those of zones are"
      case .system(_, let words): words
      case .malformed(let fault): "\(fault)"
      }
    return "cannot use the time zone `\(name)`: \(why)"
  }

  package var description: String { "\(message)\n\nhint: \(hint)" }
}
