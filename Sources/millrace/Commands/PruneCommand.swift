import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace prune`: deletes ended jobs with their attempts, payloads and logs.
struct PruneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune",
    abstract: "Delete ended jobs with their attempts, inputs, results and logs.",
    discussion: """
      examples:
        millrace prune --dry-run
        millrace prune
        millrace prune --older-than 7d --state succeeded --dry-run
        millrace prune --older-than 7d --state succeeded --yes

      Without limits it does now what the configuration (`retention`) has done every hour anyway. Jobs that \
      have not ended stay, and so do those that they depend on. The room that they had in the database is \
      used again; --vacuum gives it back to the file system.
      """)

  @Flag(help: "Delete nothing: show what would go.")
  var dryRun = false

  @Option(
    help: ArgumentHelp("Jobs that ended so long ago, instead of what is configured.", valueName: "span"),
    transform: Quantities.spanOrZero)
  var olderThan: Duration?

  @Option(help: "Only jobs that ended so: succeeded, failed or cancelled; may be given again.")
  var state: [JobState] = []

  @Flag(help: "Make the database file shorter afterwards.")
  var vacuum = false

  @Flag(help: "Yes, delete what --older-than and --state say.")
  var yes = false

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    if let open = state.first(where: { !$0.isFinal }) {
      throw ValidationError("a job that is \(open.rawValue) has not ended; cancel it first")
    }
    guard dryRun || yes || (olderThan == nil && state.isEmpty) else {
      throw ValidationError("look at what would go with --dry-run, then say --yes")
    }
  }

  func run() throws {
    let view = try runner.client.prune(
      PruneRequest(
        dryRun: dryRun, olderThanSeconds: olderThan?.seconds, states: state.isEmpty ? nil : state,
        vacuum: vacuum))
    try format.print(rows: view.jobs, as: .prunedJobs, json: view) { Self.text(of: view, paint: $0) }
  }

  /// Returns what went, in lines.
  static func text(of view: PruneView, paint: Paint) -> String {
    var text = view.jobs.isEmpty ? "" : Table.prunedJobs.lines(view.jobs, wide: false, paint: paint) + "\n"
    if view.jobs.isEmpty { text += view.dryRun ? "no job would go\n" : "no job went\n" }
    var card = Card([])
    if view.logFiles > 0 { card.add("logs", "\(view.logFiles), \(Figures.bytes(view.logBytes))") }
    if view.builds > 0 {
      card.add("old builds", "\(view.builds), \(Figures.bytes(view.buildBytes))")
    }
    if view.ticks > 0 { card.add("schedule times", "\(view.ticks)") }
    if view.events > 0 { card.add("events", "\(view.events)") }
    if view.transitions > 0 { card.add("told commits", "\(view.transitions)") }
    if view.audit > 0 { card.add("audit entries", "\(view.audit)") }
    card.add(view.dryRun ? "the record is" : "the record is now", size(of: view))
    card.add("free in its file", view.freeBytes > 0 ? Figures.bytes(view.freeBytes) + freeHint(view) : nil)
    if view.vacuumedBytes > 0 { card.add("given back", Figures.bytes(view.vacuumedBytes)) }
    if view.overBytes > 0 {
      let over = Figures.bytes(view.overBytes)
      card.add(
        "over its bound",
        view.dryRun ? "\(over): the jobs that ended first would go too" : "\(over): what is left may not go",
        .bad)
    }
    return text + card.lines(paint: paint)
  }

  private static func size(of view: PruneView) -> String {
    let total = view.databaseBytes + view.payloadBytes + view.logsBytes
    return "\(Figures.bytes(total)) (database \(Figures.bytes(view.databaseBytes)), payload files "
      + "\(Figures.bytes(view.payloadBytes)), logs \(Figures.bytes(view.logsBytes)))"
  }

  private static func freeHint(_ view: PruneView) -> String {
    let hint = ": the next jobs use it; "
    guard !view.canVacuum else { return hint + "--vacuum gives it back" }
    return hint + "an older millraced made this database: only a VACUUM with the runner down gives it back"
  }
}

extension Table where Row == PrunedJobsView {
  /// The jobs of each state.
  static var prunedJobs: Table {
    Table(
      [
        Column("STATE", "state", tone: { $0.state.tone }) { $0.state.rawValue },
        Column("JOBS", "jobs", .right) { "\($0.jobs)" },
        Column("ATTEMPTS", "attempts", .right) { "\($0.attempts)" },
        Column("PAYLOADS", "payload_bytes", .right, raw: { "\($0.payloadBytes)" }) {
          Figures.bytes($0.payloadBytes)
        },
      ], id: { $0.state.rawValue })
  }
}
