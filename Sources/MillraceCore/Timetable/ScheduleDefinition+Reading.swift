extension ScheduleDefinition {
  /// The members that a schedule can have.
  private static let known =
    [
      "name", "cron", "every", "at", "dst_gap", "dst_repeat", "timezone", "jitter", "until", "max_runs",
      "catch_up", "window", "overlap", "exclude_calendars", "require_calendars", "on_excluded_day", "job",
    ] + Trigger.kinds + Trigger.others

  /// The largest `jitter`.
  package static let maxJitter = Duration.seconds(86_400)

  /// Reads a schedule.
  ///
  /// - Parameters:
  ///   - tree: an object.
  ///   - name: what it is called if it does not say so itself.
  ///   - isRecorded: whether it is from the record: its job was tried before it was written, and making one
  /// of     it tells anyway.
  /// - Throws: `Mistakes` with all that is wrong with it.
  package init(
    _ tree: PlacedValue, named name: String? = nil, isRecorded: Bool = false
  ) throws(Mistakes) {
    var reader = DefinitionReader(place: tree.place)
    for member in reader.tree.members(of: tree, known: Self.known) where !member.value.isNull {
      reader.members[member.name] = member
    }
    self.init(
      name: reader.name(or: name), timing: reader.timing(), job: reader.job(), source: .null)
    reader.readTimes(into: &self)
    reader.readCalendars(into: &self)
    if reader.tree.mistakes.isEmpty, !isRecorded { reader.tree.note(mistakesOfJob()) }
    try Mistakes.demandNone(reader.tree.mistakes)
    var members = tree.json.object ?? [:]
    members["name"] = .string(self.name)
    source = .object(members)
  }

  private init(name: String, timing: Timing, job: [PlacedValue.Member], source: JSONValue) {
    (self.name, self.timing, self.job, self.source) = (name, timing, job, source)
  }
}

/// Reads the members of a schedule one by one.
private struct DefinitionReader {
  var tree = TreeReader()
  /// What is said, by name.
  var members: [String: PlacedValue.Member] = [:]
  /// Where the schedule begins.
  let place: TextPlace

  mutating func name(or given: String?) -> String {
    if let member = members["name"] { return tree.name(member) ?? "" }
    guard let given else {
      tree.note("`name` is missing", at: place)
      return ""
    }
    if !Handler.isValidName(given) {
      tree.note("`\(given)` can't be a name: 1 to 64 of `a-z 0-9 - _ .`, a letter first", at: place)
    }
    return given
  }

  /// Returns when it is due; any time if that is a mistake.
  mutating func timing() -> ScheduleDefinition.Timing {
    let all = ["cron", "every", "at"] + Trigger.kinds
    let kinds = all.compactMap { members[$0] }
    let words = all.map { "`\($0)`" }.joined(separator: ", ")
    if kinds.isEmpty { tree.note("one of \(words) is missing", at: place) }
    for other in kinds.dropFirst() {
      tree.note("give one of \(words), not `\(other.name)` too", at: other.place)
    }
    let rule = daylightRule()
    refuseStrangers(isTrigger: kinds.contains { Trigger.kinds.contains($0.name) })
    var timing: ScheduleDefinition.Timing?
    for member in kinds {
      switch member.name {
      case "cron": timing = cron(member, rule)
      case "every":
        timing = tree.value(member, "a span of time of 1s at least, like 5m or 1h30m") { text in
          Duration(text: text).flatMap { $0 >= .seconds(1) ? .every($0) : nil }
        }
      case "at": timing = tree.time(member).map { .at($0) }
      default: timing = Trigger(member, among: members, noting: &tree).map { .trigger($0) }
      }
    }
    return timing ?? .every(.seconds(1))
  }

  /// Notes members that mean nothing for a schedule of its kind.
  private mutating func refuseStrangers(isTrigger: Bool) {
    let ofTimes = ["jitter", "catch_up", "exclude_calendars", "require_calendars", "on_excluded_day"]
    for name in isTrigger ? ofTimes : Trigger.others {
      guard let member = members[name] else { continue }
      let kinds = isTrigger ? ["cron", "every", "at"] : Trigger.kinds
      tree.note(
        "`\(name)` is for schedules with \(kinds.map { "`\($0)`" }.joined(separator: " or "))",
        at: member.place)
    }
  }

  private mutating func daylightRule() -> DaylightRule {
    for name in ["dst_gap", "dst_repeat"] where members["cron"] == nil {
      if let member = members[name] { tree.note("`\(name)` is for `cron` only", at: member.place) }
    }
    return DaylightRule(gap: word("dst_gap") ?? .run, repeat: word("dst_repeat") ?? .once)
  }

  private mutating func cron(
    _ member: PlacedValue.Member, _ rule: DaylightRule
  ) -> ScheduleDefinition.Timing? {
    guard let text = tree.text(member) else { return nil }
    do throws(Mistakes) {
      let expression = try CronExpression(text, at: member.value.place)
      if !expression.hasDays {
        tree.note("`cron`: the calendar has no day that fits `\(text)`", at: member.value.place)
      }
      return .cron(expression, rule)
    } catch {
      tree.note(error.all.map { Mistake(place: $0.place, message: "`cron`: " + $0.message) })
      return nil
    }
  }

  /// Reads how often, until when and what becomes of times that were missed.
  mutating func readTimes(into definition: inout ScheduleDefinition) {
    if let member = members["timezone"] { definition.timeZone = tree.text(member) }
    if let member = members["jitter"] {
      let span = tree.value(member, "a span of time up to 24h, like 30s") { text in
        Duration(text: text).flatMap { $0 <= ScheduleDefinition.maxJitter ? $0 : nil }
      }
      definition.jitter = span ?? .zero
    }
    if let member = members["until"] { definition.until = tree.time(member) }
    if let member = members["max_runs"] { definition.maxRuns = tree.count(member, 1...1_000_000_000) }
    if let member = members["window"] {
      definition.window = tree.value(member, "a span of time of 1s at least, like 1h") { text in
        Duration(text: text).flatMap { $0 >= .seconds(1) ? $0 : nil }
      }
    }
    definition.catchUp = word("catch_up") ?? .latest
    // Whoever announces something wants something done about it, each time.
    definition.overlap = word("overlap") ?? (definition.trigger == nil ? .skip : .allow)
  }

  mutating func readCalendars(into definition: inout ScheduleDefinition) {
    definition.calendars.exclude = calendars("exclude_calendars")
    definition.calendars.require = calendars("require_calendars")
    definition.calendars.otherwise = word("on_excluded_day") ?? .skip
    if let member = members["on_excluded_day"], members["exclude_calendars"] == nil,
      members["require_calendars"] == nil
    {
      tree.note(
        "`on_excluded_day` is for schedules with `exclude_calendars` or `require_calendars`",
        at: member.place)
    }
  }

  private mutating func calendars(_ name: String) -> [String] {
    guard let member = members[name] else { return [] }
    guard case .list(let elements, _) = member.value else {
      tree.note(
        "`\(name)` must be a list of names: `[holidays]`, not \(member.value.kind)", at: member.value.place)
      return []
    }
    return elements.compactMap { tree.name(.init(name: name, place: member.place, value: $0)) }
  }

  /// Reads what the job shall be; its values can be anything as yet.
  mutating func job() -> [PlacedValue.Member] {
    guard let member = members["job"] else {
      tree.note("`job` is missing", at: place)
      return []
    }
    let job = tree.members(of: member.value, called: "job", known: StepReader.known)
    if case .object = member.value, !job.contains(where: { $0.name == "handler" }) {
      tree.note("`job.handler` is missing", at: member.place)
    }
    return job
  }

  /// Reads one of a few words; nil if it is not there.
  private mutating func word<Word: CaseIterable & RawRepresentable<String>>(_ name: String) -> Word? {
    guard let member = members[name] else { return nil }
    let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
    return tree.value(member, "one of \(words)", Word.init(rawValue:))
  }
}

extension TreeReader {
  /// Reads a time.
  fileprivate mutating func time(_ member: PlacedValue.Member) -> WrittenTime? {
    value(member, "a time, like \(WrittenTime.forms)", WrittenTime.init(text:))
  }
}
