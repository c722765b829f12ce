import Glibc

/// Is the program there that starts the jobs, and does it run?
struct HostCheck: Check {
  let name = "host"
  let path: String
  let answer: Answer

  /// What came of `millrace-host --version`.
  enum Answer: Sendable, Equatable {
    /// The first line that it printed.
    case printed(String)
    case exited(code: Int32)
    case killed(signal: Int32)
    /// It did not end in time.
    case silent
    /// It could not be started, with this `errno`.
    case notStarted(Int32)
  }

  func finding() -> Finding {
    let install = ["sudo install -m 755 .build/release/millrace-host \(quoted(path))"]
    switch answer {
    case .printed(let line) where !line.isEmpty: return ok("`\(path)`: \(line)")
    case .printed: return failure("`\(path) --version` prints nothing", mend: install)
    case .exited(let code): return failure("`\(path) --version` ends with exit code \(code)", mend: install)
    case .killed(let signal):
      return failure("`\(path) --version` is ended by signal \(signal)", mend: install)
    case .silent: return failure("`\(path) --version` does not end within 5 s", mend: install)
    case .notStarted(let code):
      return failure("`\(path)` can't be started: \(String(cString: strerror(code)))", mend: install)
    }
  }

  /// Runs the program with `--version`; it has 5 s.
  static func ask(_ path: String) -> Answer {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return .notStarted(errno) }
    defer { close(ends[0]) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), strdup("--version"), nil]
    defer { for argument in arguments { free(argument) } }
    var child: pid_t = 0
    let code = posix_spawn(&child, path, &actions, nil, &arguments, nil)
    close(ends[1])
    guard code == 0 else { return .notStarted(code) }
    let output = firstLine(from: ends[0])
    if output == nil { kill(child, SIGKILL) }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard let output else { return .silent }
    if status & 0x7f != 0 { return .killed(signal: status & 0x7f) }
    return status == 0 ? .printed(output) : .exited(code: status >> 8 & 0xff)
  }

  /// Reads to the end; nil if that does not come in 5 s.
  private static func firstLine(from descriptor: Int32) -> String? {
    let deadline = ContinuousClock.now + .seconds(5)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1024)
    while true {
      let left = (deadline - ContinuousClock.now).components
      let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
      var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard milliseconds > 0, poll(&wanted, 1, Int32(milliseconds)) > 0 else { return nil }
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      if bytes.count < 4096 { bytes += buffer[..<count] }
    }
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }
}
