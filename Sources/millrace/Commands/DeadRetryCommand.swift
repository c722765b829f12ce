import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace dead retry`: lets jobs that failed begin anew.
struct DeadRetryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry",
    abstract: "Let jobs that failed begin anew under their numbers, with all attempts before them.",
    discussion: """
      examples:
        millrace dead retry 42 --memory +50%
        millrace dead retry 42 43 --timeout 2h --attempts 3
        millrace dead retry --handler thumbnail --since 1d --yes

      All of them begin anew, or none. What is not said stays as it was.
      """)

  @Argument(
    help: ArgumentHelp("The jobs; or tell by filters which.", valueName: "job"), transform: Quantities.job)
  var jobs: [JobID] = []

  @OptionGroup var filter: DeadFilterOptions

  @Flag(help: "Take all jobs that the filters find.")
  var yes = false

  @Option(help: "The memory limit: 512M, or +50% of what the last attempt had.", transform: Quantities.memory)
  var memory: MemoryChange?

  @Option(help: "How long an attempt may run: 30s, 1h30m.", transform: Quantities.span)
  var timeout: Duration?

  @Option(help: "How many attempts the job has.", transform: Quantities.count)
  var attempts: Int?

  @Flag(help: "Change the limits in $VISUAL or $EDITOR first.")
  var edit = false

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws { try filter.demandChoice(besides: jobs) }

  func run() throws {
    let client = runner.client
    var body = RetryBody()
    body.ids = jobs.isEmpty ? try filter.jobs(client, yes: yes, "would begin anew") : jobs
    switch memory {
    case nil: break
    case .amount(let bytes): body.memoryBytes = bytes.rawValue
    case .more(let percent): body.moreMemoryPercent = percent
    }
    body.timeoutSeconds = timeout?.seconds
    body.maxAttempts = attempts
    if edit, let first = body.ids?.first { body = try RetryEdit(of: try client.job(first).job, body).run() }
    let page = try client.retry(body)
    try format.print(page.jobs, as: .jobs, page: page)
  }
}
