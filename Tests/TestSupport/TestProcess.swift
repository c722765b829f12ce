package import Foundation

/// A program that a test runs. What it writes goes into files, so nothing of the test has to read beside it.
package final class TestProcess: Sendable {
  /// What came of it.
  package struct Run: Sendable, Equatable {
    /// The exit code; 128 and the signal if one killed it.
    package var status: Int32
    package var output: String
    package var errors: String

    package init(status: Int32, output: String, errors: String) {
      self.status = status
      self.output = output
      self.errors = errors
    }
  }

  /// The directory of the built programs, where the test bundle lies too.
  package static let programs =
    URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path

  package let pid: pid_t
  private let directory: String

  /// Starts a program, by its path or, if it was built beside the tests, by its name. `environment` is all of
  /// it, nil the test's own; `output` is a descriptor that takes its standard output instead of a file, `log`
  /// a file to which both outputs are appended.
  package init(
    _ path: String, _ arguments: [String], environment: [String: String]? = nil, input: Data = Data(),
    output: Int32? = nil, log: String? = nil
  ) throws {
    let path = path.contains("/") ? path : "\(Self.programs)/\(path)"
    directory = TestDirectory.newPath("process")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try input.write(to: URL(fileURLWithPath: directory + "/in"))
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, directory + "/in", O_RDONLY, 0)
    let flags = O_WRONLY | O_CREAT | O_APPEND
    posix_spawn_file_actions_addopen(&actions, 1, log ?? directory + "/out", flags, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, log ?? directory + "/errors", flags, 0o644)
    if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
    // The threads of a test have signals blocked that a shell's children have not, and tests that a script
    // runs in the background ignore those of the terminal.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var ofTerminal = none
    sigaddset(&ofTerminal, SIGINT)
    sigaddset(&ofTerminal, SIGQUIT)
    posix_spawnattr_setsigdefault(&attributes, &ofTerminal)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    let words = ([path] + arguments).map { strdup($0) } + [nil]
    let variables =
      (environment ?? ProcessInfo.processInfo.environment)
      .map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for word in words + variables { free(word) } }
    var pid: pid_t = 0
    let status = posix_spawn(&pid, path, &actions, &attributes, words, variables)
    guard status == 0 else { throw TestFailure("cannot start \(path): \(String(cString: strerror(status)))") }
    self.pid = pid
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }  // The test's own directory goes too.

  /// The test's own environment with changes.
  package static func environment(with changes: [String: String]) -> [String: String] {
    ProcessInfo.processInfo.environment.merging(changes) { $1 }
  }

  /// What it has written so far.
  package var output: String { text("out") }
  package var errors: String { text("errors") }

  /// Waits for its end, on this thread; to be called once.
  package func end() throws -> Run {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { throw TestFailure("cannot wait for \(pid)") }
    }
    let signal = status & 0x7f
    return Run(status: signal == 0 ? status >> 8 & 0xff : 128 + signal, output: output, errors: errors)
  }

  /// Waits for its end; to be called once.
  package func ended() async throws -> Run {
    try await withCheckedThrowingContinuation { continuation in
      Thread.start { continuation.resume(with: Result { try self.end() }) }
    }
  }

  /// Ends it by a signal, and waits; to be called instead of `end`.
  package func end(by signal: Int32) throws -> Run {
    kill(pid, signal)
    return try end()
  }

  private func text(_ name: String) -> String {
    // Not there: its output went elsewhere.
    guard let data = FileManager.default.contents(atPath: "\(directory)/\(name)") else { return "" }
    return String(decoding: data, as: UTF8.self)
  }
}
