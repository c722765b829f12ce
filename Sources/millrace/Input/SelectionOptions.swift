import ArgumentParser
import MillraceCore

/// Which jobs are meant, by what is known of them.
struct SelectionOptions: ParsableArguments {
  @Option(name: .customLong("state"), help: "Only jobs in this state. May be repeated.")
  var states: [JobState] = []

  @Option(help: "Only jobs of this handler.")
  var handler: String?

  @Option(name: .customLong("class"), help: "Only jobs of this class.")
  var jobClass: String?

  @Option(
    name: .customLong("label"), help: "Only jobs with this label: key=value. May be repeated.",
    transform: Quantities.pair)
  var labels: [(key: String, value: String)] = []

  @Option(help: "Only jobs that chose this group.")
  var group: String?

  @Flag(help: "Only jobs that are held.")
  var held = false

  @Option(help: "Only jobs of this workflow.", transform: Quantities.workflow)
  var workflow: Int64?

  @Option(help: "Only jobs submitted since: 2h, 2026-08-01, RFC 3339.", transform: Moment.past)
  var since: Timestamp?

  @Option(help: "Only jobs submitted before.", transform: Moment.past)
  var until: Timestamp?

  var filter: JobFilter {
    var filter = JobFilter()
    filter.states = states
    filter.handler = handler
    filter.jobClass = jobClass
    filter.labels = Dictionary(labels.map { ($0.key, $0.value) }) { $1 }
    filter.group = group
    filter.isHeld = held ? true : nil
    filter.workflow = workflow
    filter.since = since
    filter.until = until
    return filter
  }

  /// Whether nothing is said.
  var isEmpty: Bool { filter == JobFilter() }
}

extension JobState: ExpressibleByArgument {}
