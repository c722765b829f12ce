import ArgumentParser
import MillraceCore

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
}
