import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace cancel`: stops jobs that have not ended.
struct CancelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cancel",
    abstract: "Cancel jobs; a running one is asked to stop, and killed after its grace period.",
    discussion: """
      examples:
        millrace cancel 42
        millrace cancel $(millrace list --state queued -o ids)

      Each job is tried; the exit code is that of the first one that could not be cancelled.
      """)

  @Argument(help: ArgumentHelp("The jobs.", valueName: "job"), transform: Quantities.job)
  var jobs: [JobID]

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let client = runner.client
    var cancelled: [JobView] = []
    var first: (any Error)?
    for job in jobs {
      do {
        cancelled.append(try client.cancel(job))
      } catch let problem as Problem {
        if first == nil { first = problem } else { StandardError.write(ErrorText.text(of: problem) ?? "") }
      }
    }
    if !cancelled.isEmpty {
      try format.print(cancelled, as: .jobs, page: JobPage(jobs: cancelled, next: nil))
    }
    if let first { throw first }
  }
}
