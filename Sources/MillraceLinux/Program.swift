import CMillraceLinux
import Glibc

/// A program of the machine that is run to its end.
package struct Program {
  /// Its path.
  let path: String
  /// How long it may take, in ms.
  let patience: Int32
  /// Its environment, as `NAME=value`.
  var environment = ["PATH=/usr/bin:/bin", "LC_ALL=C"]

  package init(path: String, patience: Int32, environment: [String]? = nil) {
    self.path = path
    self.patience = patience
    if let environment { self.environment = environment }
  }

  /// What came of it.
  package struct Run: Sendable {
    /// Its exit code; nil if a signal ended it.
    package var status: Int32?
    /// What it wrote to its standard output and error.
    package var output: String
    package var errors: String
  }

  /// More output is an error.
  private static let bound = 64 << 20

  /// Runs it.
  ///
  /// - Parameters:
  ///   - words: its arguments.
  ///   - input: its standard input.
  ///   - files: what it has open as descriptors 3 and up.
  /// - Returns: how it ended, and what it wrote.
  /// - Throws: `LinuxError` if it can't be started, or takes too long.
  package func run(_ words: [String], input: Int32, files: [Int32] = []) throws -> Run {
    let output = Descriptor(owning: try check(millrace_memfd_create("output"), "make a file"))
    let errors = Descriptor(owning: try check(millrace_memfd_create("errors"), "make a file"))
    let process = try Self.start(
      path, words, environment: environment,
      descriptors: [input, output.number, errors.number] + files)
    var waited = pollfd(fd: process.number, events: Int16(POLLIN), revents: 0)
    let isInTime = poll(&waited, 1, patience) > 0
    if !isInTime { _ = millrace_pidfd_send_signal(process.number, SIGKILL) }
    var ending = millrace_ending()
    guard millrace_wait_pidfd(process.number, 1, &ending) == 1, isInTime else {
      throw LinuxError("run `\(path)`", .missing("it did not end within \(patience / 1000) s"))
    }
    return Run(
      status: ending.code == CLD_EXITED ? ending.status : nil,
      output: try output.contents(atMost: Self.bound, "its output"),
      errors: try errors.contents(atMost: Self.bound, "its errors"))
  }

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: its path.
  ///   - words: its arguments.
  ///   - environment: its variables, as `NAME=value`.
  ///   - descriptors: what it has open as descriptors 0 and up.
  ///   - cgroup: the directory of its cgroup; -1 for our own.
  ///   - name: what it is called if it can't be started.
  /// - Returns: a descriptor of its process.
  /// - Throws: `LinuxError`.
  static func start(
    _ path: String, _ words: [String], environment: [String], descriptors: [Int32], cgroup: Int32 = -1,
    called name: String = ""
  ) throws -> Descriptor {
    let arguments = ([path] + words).map { strdup($0) } + [nil]
    let variables = environment.map { strdup($0) } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var number: Int32 = -1
    let pid = descriptors.withUnsafeBufferPointer { descriptors in
      path.withCString { path in
        arguments.withUnsafeBufferPointer { arguments in
          variables.withUnsafeBufferPointer { variables in
            var program = millrace_program()
            program.path = path
            program.arguments = arguments.baseAddress
            program.environment = variables.baseAddress
            program.descriptors = descriptors.baseAddress
            program.descriptor_count = Int32(descriptors.count)
            program.cgroup = cgroup
            return millrace_spawn(&program, &number)
          }
        }
      }
    }
    try check(pid, "start \(name)`\(path)`")
    return Descriptor(owning: number)
  }
}
