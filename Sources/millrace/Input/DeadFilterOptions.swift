import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// Which of the jobs that failed are meant.
struct DeadFilterOptions: ParsableArguments {
  @Option(help: "Only jobs of this handler.")
  var handler: String?

  @Option(name: .customLong("class"), help: "Only jobs of this class.")
  var jobClass: String?

  @Option(
    name: .customLong("label"), help: "Only jobs with this label: key=value. May be repeated.",
    transform: Quantities.pair)
  var labels: [(key: String, value: String)] = []

  @Option(help: "Only jobs submitted since: 2h, 2026-08-01, RFC 3339.", transform: Moment.past)
  var since: Timestamp?

  @Option(help: "Only jobs submitted before.", transform: Moment.past)
  var until: Timestamp?

  /// Whether nothing is said.
  var isEmpty: Bool { handler == nil && jobClass == nil && labels.isEmpty && since == nil && until == nil }

  var filter: JobFilter {
    var filter = JobFilter()
    filter.handler = handler
    filter.jobClass = jobClass
    filter.labels = Dictionary(labels.map { ($0.key, $0.value) }) { $1 }
    filter.since = since
    filter.until = until
    return filter
  }

  /// Throws unless either jobs are named or filters say which.
  func demandChoice(besides jobs: [JobID]) throws {
    guard jobs.isEmpty != isEmpty else {
      throw ValidationError(
        "name jobs, or tell by filters which: --handler, --class, --label, --since, --until")
    }
  }

  /// Returns the jobs that they find; without `yes` it is only said what would become of them.
  func jobs(_ client: Client, yes: Bool, _ fate: String) throws -> [JobID] {
    let ids = try client.dead(matching: filter, atMost: .max).jobs.map(\.job.id)
    guard !ids.isEmpty else { throw CommandError(.notFound, "no job that failed is meant by these filters") }
    guard yes else {
      throw CommandError(
        .usage, "\(Figures.count(Int64(ids.count), "job", "jobs")) \(fate)",
        hint: "`millrace dead list` with these filters shows them; --yes does it")
    }
    return ids
  }
}
