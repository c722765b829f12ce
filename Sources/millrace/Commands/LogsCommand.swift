import ArgumentParser
import MillraceCore

/// `millrace logs`: the output of an attempt.
struct LogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs",
    abstract: "Print the log of a job's newest attempt, or of the one that is named.",
    discussion: """
      examples:
        millrace logs 42
        millrace logs 42.1
        millrace logs -f 42
      """)

  @Argument(
    help: ArgumentHelp("42, or 42.1 for its first attempt.", valueName: "job"), transform: JobReference.init)
  var reference: JobReference

  @Flag(name: [.short, .long], help: "Go on until it has ended.")
  var follow = false

  @OptionGroup var record: RecordOptions

  func run() async throws {
    try await record.read { source in
      try await source.logs(of: reference.job, attempt: reference.attempt, follow: follow) {
        try StandardOutput.write($0)
      }
    }
  }
}
