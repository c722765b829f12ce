import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace dead list`: the jobs that failed, with the cause.
struct DeadListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the jobs that failed, the newest first, each with its cause.")

  @OptionGroup var filter: DeadFilterOptions

  @Option(help: "At most so many.", transform: Quantities.count)
  var limit = 50

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let page = try runner.client.dead(matching: filter.filter, atMost: limit)
    try format.print(page.jobs, as: .dead, page: page)
    if page.next != nil { StandardError.note("there are more: --limit N") }
  }
}

extension Client {
  /// Returns jobs that failed over as many pages as it takes.
  func dead(matching filter: JobFilter, atMost count: Int) throws -> DeadPage {
    var filter = filter
    var found = DeadPage(jobs: [], next: nil)
    while found.jobs.count < count {
      filter.limit = min(1000, count - found.jobs.count)
      let page = try dead(matching: filter)
      found.jobs += page.jobs
      found.next = page.next
      guard let next = page.next, !page.jobs.isEmpty else { break }
      filter.before = next
    }
    return found
  }
}

extension Table where Row == DeadView {
  /// Jobs that failed, a line each.
  static var dead: Table {
    Table(
      [
        Column("JOB", "id", .right) { "\($0.job.id)" },
        Column("HANDLER", "handler") { $0.job.handler },
        Column("TRIES", "attempts_used", .right, raw: { "\($0.job.attemptsUsed)" }) {
          "\($0.job.attemptsUsed)/\($0.job.maxAttempts)"
        },
        Column("ENDED", "ended", raw: { $0.job.ended ?? "" }) { Figures.time($0.job.ended) },
        Column("CAUSE", "cause") { $0.job.ending($0.last).printable },
        Column("MEMORY", "memory_bytes", .right, wide: true, raw: { "\($0.job.limits.memoryBytes)" }) {
          Figures.bytes($0.job.limits.memoryBytes)
        },
        Column("CLASS", "class", wide: true) { $0.job.jobClass ?? "" },
        Column("LABELS", "labels", wide: true) { Figures.labels($0.job.labels) },
        Column("PARAMETERS", "parameters", wide: true) { $0.job.parameters.text },
      ], id: { "\($0.job.id)" })
  }
}
