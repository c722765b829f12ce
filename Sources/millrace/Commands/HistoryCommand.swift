import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace history`: the attempts on record, with what they used and what became of them.
struct HistoryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Query the record of all attempts: what they used and what became of them.",
    discussion: """
      examples:
        millrace history --since 2h
        millrace history --outcome oomOwnLimit --sort memory -o wide
        millrace history --handler checksum --min-memory 500M -o csv
        millrace history --by handler --since 2026-08-01
        millrace history --by build --handler checksum
        millrace history --build 3f2a9c01

      A day or time without a zone is local. It also works while the runner is down.
      """)

  /// What `--by` can sum up.
  enum Grouping: String, CaseIterable, ExpressibleByArgument { case handler, build }

  @Option(help: "Only attempts admitted since: 2h, 2026-08-01, RFC 3339.", transform: Moment.past)
  var since: Timestamp?

  @Option(help: "Only attempts admitted before.", transform: Moment.past)
  var until: Timestamp?

  @Option(help: "Only attempts of this handler.")
  var handler: String?

  @Option(name: .customLong("state"), help: "Only attempts at jobs in this state. May be repeated.")
  var states: [JobState] = []

  @Option(name: .customLong("outcome"), help: "Only attempts that ended so. May be repeated.")
  var outcomes: [Outcome] = []

  @Option(help: "Only attempts with at least this memory peak: 500M.", transform: Quantities.bytes)
  var minMemory: Bytes?

  @Option(name: .customLong("class"), help: "Only attempts at jobs of this class.")
  var jobClass: String?

  @Option(
    name: .customLong("label"), help: "Only attempts at jobs with this label: key=value. May be repeated.",
    transform: Quantities.pair)
  var labels: [(key: String, value: String)] = []

  @Option(help: "Only attempts at this job.", transform: Quantities.job)
  var job: JobID?

  @Option(help: "Only attempts that have run on this node of Slurm.")
  var node: String?

  @Option(help: "Only attempts of the build whose SHA-256 begins so.", transform: Quantities.build)
  var build: String?

  @Option(help: "The order, from the largest to the smallest; by time: the newest first.")
  var sort: HistoryFilter.Order = .time

  @Option(help: "At most so many.", transform: Quantities.count)
  var limit = 50

  @Option(help: "A line with figures for each.")
  var by: Grouping?

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  private var filter: HistoryFilter {
    var filter = HistoryFilter()
    filter.since = since
    filter.until = until
    filter.handler = handler
    filter.states = states
    filter.outcomes = outcomes
    filter.minMemory = minMemory
    filter.jobClass = jobClass
    filter.labels = Dictionary(labels.map { ($0.key, $0.value) }) { $1 }
    filter.job = job
    filter.build = build
    filter.node = node
    filter.order = sort
    return filter
  }

  func run() async throws {
    switch by {
    case .handler:
      let summaries = try await record.read { try await $0.summaries(matching: filter) }
      try format.print(summaries, as: .summaries, page: summaries)
    case .build:
      let summaries = try await record.read { try await $0.buildSummaries(matching: filter) }
      try format.print(summaries, as: .buildSummaries, page: summaries)
    case nil:
      let page = try await record.read { try await $0.history(matching: filter, atMost: limit) }
      try format.print(page.attempts, as: .attempts, page: page)
      if page.next != nil { StandardError.note("there are more: --limit N") }
    }
  }
}

extension Outcome: ExpressibleByArgument {}
extension HistoryFilter.Order: ExpressibleByArgument {}
