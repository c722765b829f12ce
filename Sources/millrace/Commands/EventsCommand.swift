import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace events`: what changes, as it does.
struct EventsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events",
    abstract: "Print what changed of jobs, attempts, schedules, handlers, pressure and settings.",
    discussion: """
      examples:
        millrace events -f
        millrace events -n 500 --type 'attempt.*'
        millrace events -f --job 42 -o jsonl
        millrace events -f --after 4711 -o jsonl >> events.jsonl

      With -f it goes on over a restart of the runner, without a gap, until Ctrl-C. docs/live.md says what \
      each event has. What was announced by `millrace event emit` is another thing: `millrace event list`.
      """)

  /// How events are printed.
  enum Format: String, CaseIterable, ExpressibleByArgument { case text, jsonl }

  @Flag(name: [.short, .long], help: "Go on with what comes.")
  var follow = false

  @Option(
    help: ArgumentHelp(
      "Begin behind the event with this id; 0: with the first on record.",
      valueName: "id"))
  var after: Int64?

  @Option(
    name: [.customShort("n"), .long],
    help: "Begin so many events before the end, whether they match or not [100; with -f 0].")
  var last: Int?

  @Option(help: "Only types that fit: a name, or a pattern like job.*.", transform: Quantities.pattern)
  var type: NamePattern?

  @Option(help: "Only of this job.", transform: Quantities.job)
  var job: JobID?

  @Option(help: "Only of this handler and its jobs.")
  var handler: String?

  @Option(name: [.short, .long], help: "text or jsonl.")
  var output = Format.text

  @OptionGroup var runner: RunnerOptions

  func validate() throws {
    if after != nil, last != nil { throw ValidationError("--after and -n exclude each other") }
    if let after, after < 0 { throw ValidationError("--after must be 0 or more") }
    if let last, last < 0 { throw ValidationError("-n must be 0 or more") }
  }

  func run() throws {
    var query = LiveQuery()
    query.filter = TransitionFilter(type: type, job: job, handler: handler)
    query.follows = follow
    let count = last ?? (follow ? 0 : 100)
    if let after { query.start = .after(after) } else if count > 0 { query.start = .last(count) }
    // Nothing of what was: that is no query.
    if !follow, count == 0, after == nil { return }
    let format = output
    var follower = EventFollower(
      runner.client, query, interrupts: try Interrupts(),
      sink: { try EventLine.print($0, as: format) })
    try follower.run()
  }
}
