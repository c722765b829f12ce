import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// The jobs that a command changes: their numbers, or what is known of them.
struct Selection: ParsableArguments {
  @Argument(help: ArgumentHelp("The jobs.", valueName: "job"), transform: Quantities.job)
  var jobs: [JobID] = []

  @OptionGroup var options: SelectionOptions

  @Flag(help: "Do it to all that match; without it, they are only counted.")
  var yes = false

  @Flag(help: "Change nothing: list the jobs that match.")
  var dryRun = false

  func validate() throws {
    guard jobs.isEmpty != options.isEmpty else {
      throw ValidationError(
        jobs.isEmpty
          ? "say which jobs: numbers, or filters like --state queued"
          : "numbers of jobs and filters exclude each other")
    }
    if let ended = options.states.first(where: \.isFinal) {
      throw ValidationError("a job that is \(ended.rawValue) has ended: nothing can be changed of it")
    }
    guard !jobs.isEmpty || !(yes && dryRun) else {
      throw ValidationError("--yes and --dry-run exclude each other")
    }
    guard jobs.isEmpty || !dryRun else { throw ValidationError("--dry-run is for filters") }
  }

  /// Does something to the jobs.
  ///
  /// - Parameters:
  ///   - verb: what is done, as the API calls it.
  ///   - past: the same as it is told: "cancelled".
  ///   - client: the runner that does it.
  ///   - format: how what was done is printed.
  ///   - one: does it to one job.
  /// - Throws: a refusal that says how many there are, where that was not confirmed.
  func run(
    _ verb: String, past: String, client: Client, format: OutputOptions, one: (JobID) throws -> JobView
  ) async throws {
    guard jobs.isEmpty else { return try EachJob(jobs).run(format, one) }
    var filter = options.filter
    if filter.states.isEmpty { filter.states = JobState.unfinished }
    if dryRun {
      let page = try await client.jobs(matching: filter, atMost: .max)
      return try format.print(page.jobs, as: .jobs, page: page)
    }
    guard yes else {
      let count = try client.change(verb, SelectionRequest(filter, dryRun: true)).count
      throw CommandError(
        .usage, "\(Self.words(count)) would be \(past)",
        hint: "--yes does it, --dry-run lists them")
    }
    let answer = try client.change(verb, SelectionRequest(filter))
    switch format.output {
    case .table, .wide: try StandardOutput.write("\(Self.words(answer.count)) \(past)\n")
    case .json, .jsonl: try StandardOutput.write(OutputOptions.json(answer, pretty: format.output == .json))
    case .csv, .ids: try StandardOutput.write(answer.ids.map { "\($0)\n" }.joined())
    }
  }

  private static func words(_ count: Int) -> String { count == 1 ? "1 job" : "\(count) jobs" }
}
