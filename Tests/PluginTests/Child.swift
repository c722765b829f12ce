import Glibc

/// A program that a test has started: in a process group of its own, its output in a file.
final class Child {
  struct CannotStart: Error {
    var program: String
    var reason: String
  }

  private let pid: pid_t
  private var channel: Int32?
  private var buffer: [UInt8] = []

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - arguments: the program, by its path or found in PATH, and its arguments.
  ///   - output: the file that takes its standard output and error.
  ///   - hasChannel: whether its descriptor 3 is the other end of what `nextLine` reads.
  /// - Throws: `CannotStart`.
  init(_ arguments: [String], output: String, channel hasChannel: Bool = false) throws {
    var ends: [Int32] = [-1, -1]
    // A pair of sockets rather than a pipe: no program that another test starts meanwhile inherits them.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Self.failure(arguments, errno) }
    defer { close(ends[1]) }

    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&files, 1, output, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0o600)
    posix_spawn_file_actions_adddup2(&files, 1, 2)
    if hasChannel { posix_spawn_file_actions_adddup2(&files, ends[1], 3) }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)  // A test's thread blocks them.

    var pid = pid_t()
    var words = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    let problem = posix_spawnp(&pid, arguments[0], &files, &attributes, &words, environ)
    guard problem == 0 else {
      close(ends[0])
      throw Self.failure(arguments, problem)
    }
    self.pid = pid
    channel = ends[0]
  }

  deinit { if let channel { close(channel) } }

  /// Returns the next line that the program wrote to its channel, without its end; nil when the channel is
  /// closed.
  func nextLine() -> [UInt8]? {
    var block = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      if let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
        defer { buffer.removeSubrange(...end) }
        return Array(buffer[..<end])
      }
      guard let channel else { return nil }
      let count = read(channel, &block, block.count)
      if count > 0 { buffer += block[..<count] }
      if count == 0 || (count < 0 && errno != EINTR) { return nil }
    }
  }

  /// Sends a signal to the program and all of its children.
  func signalGroup(_ signal: Int32) { kill(-pid, signal) }

  /// Waits for the end of the program; returns its wait status.
  func wait() -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status
  }

  private static func failure(_ arguments: [String], _ number: Int32) -> CannotStart {
    CannotStart(program: arguments[0], reason: String(cString: strerror(number)))
  }
}
