import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace dead show`: why a job failed, its last words and every attempt.
struct DeadShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show why a job failed: the cause, the end of its log, and every attempt.")

  @Argument(help: ArgumentHelp("The job.", valueName: "job"), transform: Quantities.job)
  var job: JobID

  @Option(help: "So many of the last lines of its log.", transform: Quantities.count)
  var lines = 10

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let client = runner.client
    let detail = try client.job(job)
    guard detail.job.state == .failed else {
      throw CommandError(
        .notFound, "job \(job) is \(detail.job.state.rawValue), not failed", hint: "`millrace show \(job)`")
    }
    let log = try detail.attempts.last.map { try lastLines(of: $0.attempt, client) } ?? []
    try format.print(one: detail.job, as: .jobs, json: detail) { paint in
      var text = JobSheet(detail).text(paint: paint)
      text += "\n" + paint("cause", .title) + "  " + detail.job.ending(detail.attempts.last).printable + "\n"
      guard !log.isEmpty else { return text }
      return text + "\n" + paint("the end of its log", .title) + "\n"
        + log.map { "  \($0.printable)\n" }.joined()
    }
  }

  /// Keeps no more of the log than it shows; an attempt that never ran has none.
  private func lastLines(of attempt: Int, _ client: Client) throws -> [String] {
    var tail: [UInt8] = []
    do {
      try client.logs(of: job, attempt: attempt, follow: false) { piece in
        tail = (tail + piece).suffix(64 << 10)
      }
    } catch let problem as Problem where problem.kind == .notFound {
      return []
    }
    return String(decoding: tail, as: UTF8.self).split(separator: "\n").suffix(lines).map(String.init)
  }
}
