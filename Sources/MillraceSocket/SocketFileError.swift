/// Why a socket can't be where it shall be.
package struct SocketFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The reasons.
  package enum Reason: Sendable, Equatable {
    /// A call of the kernel failed with this `errno`.
    case system(Int32, words: String)
    /// The path is longer than the kernel takes.
    case pathTooLong
    /// There is a file that is no socket.
    case notASocket
    /// Somebody answers on it.
    case inUse
  }

  /// What was being done: "make the directory".
  package var action: String
  /// The path that it was done to.
  package var path: String
  package var reason: Reason
  package var hint: String

  init(action: String, path: String, reason: Reason, hint: String) {
    self.action = action
    self.path = path
    self.reason = reason
    self.hint = hint
  }

  package var description: String {
    let why =
      switch reason {
      case .system(_, let words): words
      case .pathTooLong: "the path is longer than 107 bytes"
      case .notASocket: "there is a file that is no socket"
      case .inUse: "another program answers on it"
      }
    return "cannot \(action) `\(path)`: \(why)\n\nhint: \(hint)"
  }
}
