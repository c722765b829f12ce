import ArgumentParser
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace schedule edit`: another definition of a schedule.
struct ScheduleEditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "edit", abstract: "Change a schedule; its history stays, and its times count from now on.",
    discussion: """
      examples:
        millrace schedule edit nightly --cron '0 3 * * *'
        millrace schedule edit nightly --overlap queue --unset window --unset job.memory
        millrace schedule edit nightly --on 'backup.wanted' --debounce 5m
        millrace schedule edit nightly exec --memory 2G -- backup /srv /home
        millrace schedule edit nightly --file nightly.yaml

      What is not given stays as it is; a handler replaces the whole job.
      """)

  @OptionGroup var reference: ScheduleReference
  @OptionGroup var words: RequestWords
  @OptionGroup var schedule: ScheduleOptions
  @OptionGroup var job: RequestOptions

  @Option(name: .customLong("unset"), help: "A member that it shall not have any more. May be repeated.")
  var unset: [String] = []

  @Option(help: "Read the whole schedule from a file in YAML; - is standard input.", completion: .file())
  var file: String?

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func validate() throws {
    guard try file == nil || (words.isEmpty && schedule.members().isEmpty && unset.isEmpty) else {
      throw ValidationError("--file excludes a handler, --unset and the options of schedules")
    }
  }

  func run() throws {
    let client = runner.client
    let view =
      if let file {
        try client.edit(reference.name, to: try written(in: file).source)
      } else {
        try edit(client)
      }
    try format.print([view], as: .schedules, page: view)
  }

  /// What another kind takes the place of, and what only a schedule of times, or of events, can have.
  private static let kinds = ["cron", "every", "at", "dst_gap", "dst_repeat", "event", "files", "webhook"]
  private static let ofTimes = [
    "jitter", "catch_up", "exclude_calendars", "require_calendars", "on_excluded_day",
  ]
  private static let ofEvents = ["where", "debounce", "batch"]

  private func written(in file: String) throws -> ScheduleDefinition {
    guard try ScheduledJob(words, job).members == nil else { throw ScheduledJob.besideFile }
    return try ScheduleFile.definition(file, named: reference.name)
  }

  /// Changes what it is now; who changes it at the same time is not undone.
  private func edit(_ client: Client) throws -> ScheduleView {
    let given = try schedule.members()
    let job = try ScheduledJob(words, job)
    guard !given.isEmpty || job.members != nil || !unset.isEmpty else {
      throw CommandError(.usage, "nothing is to be changed", hint: "give an option, --unset or --file")
    }
    let present = try client.schedule(reference.name).schedule
    var members = present.definition.object ?? [:]
    for name in unset { try Self.remove(name, from: &members) }
    if schedule.isKindGiven {
      for name in Self.kinds + (schedule.trigger.isGiven ? Self.ofTimes : Self.ofEvents) {
        members[name] = nil
      }
    }
    members.merge(given) { $1 }
    if job.members != nil {
      let former = words.handler == nil ? members["job"]?.object ?? [:] : [:]
      members["job"] = .object(job.changing(former))
    }
    let definition = try ScheduleFile.definition(members)
    return try client.edit(reference.name, to: definition.source, from: present.revision)
  }

  /// Removes a member, or one of the job: `job.memory`.
  private static func remove(_ name: String, from members: inout [String: JSONValue]) throws {
    var job = members["job"]?.object ?? [:]
    if name.hasPrefix("job."), job.removeValue(forKey: String(name.dropFirst(4))) != nil {
      members["job"] = .object(job)
    } else if name == "name" || members.removeValue(forKey: name) == nil {
      let known = members.keys.filter { $0 != "name" } + job.keys.map { "job.\($0)" }
      throw CommandError(
        .usage, "--unset: it has no `\(name)`; it has \(known.sorted().joined(separator: ", "))")
    }
  }
}
