import Glibc

/// The right to use a state directory: a lock on its file `lock` that ends with the process (flock(2)).
///
/// The file holds the process number of the runner that has it, and stays when the runner is gone.
struct StateLock: ~Copyable {
  private let descriptor: Int32

  /// Takes the lock.
  ///
  /// - Throws: `StateLockError`.
  init(state: String) throws {
    let path = "\(state)/lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw StateLockError(path: path, reason: .system(errno)) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      let holder = Self.holder(descriptor)
      close(descriptor)
      throw StateLockError(path: path, reason: code == EWOULDBLOCK ? .held(by: holder) : .system(code))
    }
    let text = Array("\(getpid())\n".utf8)
    guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
      let code = errno
      close(descriptor)
      throw StateLockError(path: path, reason: .system(code))
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Who wrote the file; nil if nobody has yet.
  private static func holder(_ descriptor: Int32) -> Int32? {
    var buffer = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return nil }
    return Int32(String(decoding: buffer[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
  }
}

/// Why a state directory can't be used.
struct StateLockError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The reasons.
  enum Reason: Sendable, Equatable {
    /// Another runner has it; nil if it has not written its number yet.
    case held(by: Int32?)
    /// A call of the kernel failed with this `errno`.
    case system(Int32)
  }

  var path: String
  var reason: Reason

  var description: String {
    switch reason {
    case .held(let process):
      let who = process.map { "process \($0)" } ?? "another process"
      return "cannot lock `\(path)`: \(who) holds it"
        + "\n\nhint: a runner works on this state already; stop it, or give another `--state`"
    case .system(let code):
      return "cannot lock `\(path)`: \(String(cString: strerror(code)))"
        + "\n\nhint: the state directory must exist and belong to the runner's user"
    }
  }
}
