import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace result`: the bytes that a job left behind.
struct ResultCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "result",
    abstract: "Write the result of a job to standard output.",
    discussion: """
      examples:
        millrace result 42
        millrace result 43 > small.jpg
      """)

  @Argument(help: ArgumentHelp("The job.", valueName: "job"), transform: Quantities.job)
  var job: JobID

  @OptionGroup var record: RecordOptions

  func run() async throws {
    let result: JobResult
    do {
      result = try await record.read { try await $0.result(of: job) }
    } catch let problem as Problem where problem.kind == .conflict {
      throw CommandError(.waiting, problem.detail, hint: problem.hint)
    }
    guard !StandardOutput.isTerminal || Self.isText(result) else {
      throw CommandError(
        .usage, "the result of job \(job) is \(result.mediaType): nothing for a terminal",
        hint: "`millrace result \(job) > FILE`")
    }
    try StandardOutput.write(result.bytes)
    if StandardOutput.isTerminal, let last = result.bytes.last, last != UInt8(ascii: "\n") {
      try StandardOutput.write("\n")
    }
  }

  /// Whether a terminal can show it: text without control characters but line ends and tabs.
  static func isText(_ result: JobResult) -> Bool {
    guard String(validating: result.bytes, as: UTF8.self) != nil else { return false }
    return result.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7f || $0 == 0x09 || $0 == 0x0a || $0 == 0x0d }
  }
}
