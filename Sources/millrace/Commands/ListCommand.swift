import ArgumentParser
import MillraceCore
import MillraceWire

/// `millrace list`: jobs, those that have not ended first.
struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List jobs: those that have not ended, then the newest others.",
    discussion: """
      examples:
        millrace list
        millrace list --state failed --since 1d -o wide
        millrace cancel $(millrace list --state queued --class nightly -o ids)
      """)

  @OptionGroup var selection: SelectionOptions

  @Option(help: "At most so many.", transform: Quantities.count)
  var limit = 50

  @Flag(help: "All of them, the newest first.")
  var all = false

  @OptionGroup var record: RecordOptions
  @OptionGroup var format: OutputOptions

  private var filter: JobFilter { selection.filter }

  func run() async throws {
    let page = try await record.read { source in
      all || !filter.states.isEmpty
        ? try await source.jobs(matching: filter, atMost: all ? .max : limit)
        : try await Self.unfinishedFirst(source, filter, limit: limit)
    }
    try format.print(page.jobs, as: .jobs, page: page)
    if page.next != nil { StandardError.note("there are more: --limit N or --all") }
  }

  private static let unfinished: [JobState] = [.running, .starting, .queued, .scheduled, .blocked]

  private static func unfinishedFirst(
    _ source: any JobSource, _ filter: JobFilter, limit: Int
  ) async throws -> JobPage {
    var filter = filter
    filter.states = unfinished
    var page = try await source.jobs(matching: filter, atMost: limit)
    page.jobs = unfinished.flatMap { state in page.jobs.filter { $0.state == state } }
    guard page.jobs.count < limit else { return page }
    filter.states = JobState.allCases.filter(\.isFinal)
    let ended = try await source.jobs(matching: filter, atMost: limit - page.jobs.count)
    // A job that ended between the two questions is in both answers.
    let known = Set(page.jobs.map(\.id))
    page.jobs += ended.jobs.filter { !known.contains($0.id) }
    page.next = ended.next
    return page
  }
}
