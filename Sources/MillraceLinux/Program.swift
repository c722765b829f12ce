import CMillraceLinux
import Glibc

/// A program of the machine that is run to its end.
struct Program {
  /// Its path.
  let path: String
  /// How long it may take, in ms.
  let patience: Int32

  /// What came of it.
  struct Run {
    /// Its exit code; nil if a signal ended it.
    var status: Int32?
    /// What it wrote to its standard output and error.
    var output: String
    var errors: String
  }

  /// More output is cut off.
  private static let bound = 4 << 20

  /// Runs it.
  ///
  /// - Parameters:
  ///   - words: its arguments.
  ///   - input: its standard input.
  ///   - files: what it has open as descriptors 3 and up.
  /// - Returns: how it ended, and what it wrote.
  /// - Throws: `LinuxError` if it can't be started, or takes too long.
  func run(_ words: [String], input: Int32, files: [Int32] = []) throws -> Run {
    let output = Descriptor(owning: try check(millrace_memfd_create("output"), "make a file"))
    let errors = Descriptor(owning: try check(millrace_memfd_create("errors"), "make a file"))
    let process = try start(words, [input, output.number, errors.number] + files)
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

  private func start(_ words: [String], _ descriptors: [Int32]) throws -> Descriptor {
    let arguments = ([path] + words).map { strdup($0) } + [nil]
    let environment = [strdup("PATH=/usr/bin:/bin"), strdup("LC_ALL=C"), nil]
    defer { for text in arguments + environment { free(text) } }
    var number: Int32 = -1
    let pid = descriptors.withUnsafeBufferPointer { descriptors in
      path.withCString { path in
        arguments.withUnsafeBufferPointer { arguments in
          environment.withUnsafeBufferPointer { environment in
            var program = millrace_program()
            program.path = path
            program.arguments = arguments.baseAddress
            program.environment = environment.baseAddress
            program.descriptors = descriptors.baseAddress
            program.descriptor_count = Int32(descriptors.count)
            program.cgroup = -1
            return millrace_spawn(&program, &number)
          }
        }
      }
    }
    try check(pid, "start `\(path)`")
    return Descriptor(owning: number)
  }
}
