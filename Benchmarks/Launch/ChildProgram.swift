import CMillraceLinux
import Glibc

/// A program that is run to its end.
struct ChildProgram {
  /// The program's path and its arguments.
  let words: [String]

  /// Runs it with its output thrown away; returns nanoseconds from its spawn to its end.
  func time() throws -> Int64 {
    let began = ContinuousClock.now
    try wait(spawn(output: nil))
    return began.nanosecondsSince
  }

  /// Runs it and returns what it printed.
  func output() throws -> String {
    var ends: [Int32] = [-1, -1]
    let made = millrace_pipe(&ends)
    guard made == 0 else { throw BenchmarkError("cannot make a pipe: \(words(of: -made))") }
    let reader = ends[0]
    defer { close(reader) }
    let pid: pid_t
    do {
      defer { close(ends[1]) }
      pid = try spawn(output: ends[1])
    }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(reader, &chunk, chunk.count)
      guard count > 0 else { break }
      bytes += chunk[..<count]
    }
    try wait(pid)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Starts it; its standard output is `output`; without one, nothing of what it prints is seen.
  private func spawn(output: Int32?) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    if let output {
      posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    } else {
      posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
      posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    }
    let arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, words[0], &actions, nil, arguments, environ)
    guard result == 0 else { throw BenchmarkError("cannot start `\(words[0])`: \(words(of: result))") }
    return pid
  }

  private func wait(_ pid: pid_t) throws {
    var status: Int32 = 0
    guard waitpid(pid, &status, 0) == pid else {
      throw BenchmarkError("cannot wait for `\(words[0])`: \(words(of: errno))")
    }
    guard status == 0 else {
      throw BenchmarkError("`\(words.joined(separator: " "))` ended with status \(status)")
    }
  }

  private func words(of number: Int32) -> String { String(cString: strerror(number)) }
}

extension ContinuousClock.Instant {
  /// Nanoseconds from then to now.
  var nanosecondsSince: Int64 {
    let span = duration(to: .now).components
    return span.seconds * 1_000_000_000 + span.attoseconds / 1_000_000_000
  }
}
