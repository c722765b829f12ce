extension ScheduleDefinition {
  /// The label with the schedule's name that its jobs have.
  package static let label = "schedule"

  /// What a job of a schedule is made for.
  package struct Occasion: Sendable {
    package var nominal: NominalTime
    /// The nominal time of the last tick whose job succeeded; nil if there is none.
    package var lastSuccess: Timestamp?
    /// The events that it is about; none for a time of the schedule's own.
    package var events: [EventRecord]

    package init(_ nominal: NominalTime, lastSuccess: Timestamp?, events: [EventRecord] = []) {
      self.nominal = nominal
      self.lastSuccess = lastSuccess
      self.events = events
    }
  }

  /// Returns the job of a nominal time, or of events.
  ///
  /// - Returns: it, with the label of the schedule.
  /// - Throws: `Mistakes` if a value that is put in does not fit.
  package func request(for occasion: Occasion) throws(Mistakes) -> JobRequest {
    var substitution = Substitution(values(for: occasion))
    let filled = job.map { substitution.applied(to: $0) }
    try Mistakes.demandNone(substitution.mistakes)
    return try request(of: filled)
  }

  /// Returns the job as far as it is known before there is an event.
  ///
  /// - Returns: it, with the label of the schedule, and the members that are left out since events fill them
  ///   in.
  /// - Throws: `Mistakes` for what can't be, whatever the event is.
  package func requestBeforeEvents() throws(Mistakes) -> (request: JobRequest, leftOut: Set<String>) {
    var filled: [PlacedValue.Member] = []
    var leftOut: Set<String> = []
    var mistakes: [Mistake] = []
    for member in job {
      var substitution = Substitution(
        values(for: Occasion(Self.sample, lastSuccess: Self.sample.time)), unknown: ["event", "events"])
      let value = substitution.applied(to: member)
      mistakes += substitution.mistakes
      guard substitution.hasMetUnknown else {
        filled.append(value)
        continue
      }
      leftOut.insert(member.name)
      if member.name == "handler" {
        mistakes.append(
          Mistake(place: member.value.place, message: "`handler` can't come from an event: name it"))
      }
    }
    try Mistakes.demandNone(mistakes)
    return (try request(of: filled), leftOut)
  }

  private func request(of filled: [PlacedValue.Member]) throws(Mistakes) -> JobRequest {
    var reader = StepReader()
    var request = reader.request(of: filled)
    try Mistakes.demandNone(reader.reader.mistakes)
    request.labels[Self.label] = name
    return request
  }

  /// Whether its jobs are told when one succeeded last.
  package var usesLastSuccess: Bool {
    var substitution = Substitution(values(for: Occasion(Self.sample, lastSuccess: nil)))
    for member in job { _ = substitution.applied(to: member) }
    return substitution.used.contains("last_success")
  }

  /// Returns what `{{name}}` stands for.
  private func values(for occasion: Occasion) -> [String: JSONValue] {
    let nominal = occasion.nominal
    var values: [String: JSONValue] = [
      "nominal_time": .string(nominal.text),
      "nominal_utc": .string(nominal.time.utcText),
      "nominal_date": .string(nominal.local.dayText),
      "nominal_unix": .integer(nominal.time.rawValue.flooredDivision(by: 1_000_000).quotient),
      "last_success": .string(occasion.lastSuccess?.utcText ?? ""),
      "schedule": .string(name),
    ]
    guard trigger != nil else { return values }
    values["event"] = occasion.events.last?.event.json
    values["events"] = .array(occasion.events.map(\.event.json))
    values["event_count"] = .integer(Int64(occasion.events.count))
    return values
  }

  /// Returns what is wrong with its job at any time: with and without a success before it.
  func mistakesOfJob() -> [Mistake] {
    var mistakes: [Mistake] = []
    if trigger != nil {
      do throws(Mistakes) { _ = try requestBeforeEvents() } catch { mistakes += error.all }
    } else {
      for lastSuccess in [nil, Self.sample.time] {
        do throws(Mistakes) {
          _ = try request(for: Occasion(Self.sample, lastSuccess: lastSuccess))
        } catch {
          mistakes += error.all
        }
      }
    }
    if let labels = job.first(where: { $0.name == "labels" }), case .object(let members, _) = labels.value,
      let label = members.first(where: { $0.name == Self.label })
    {
      mistakes.append(
        Mistake(
          place: label.place, message: "the label `\(Self.label)` is the schedule's name; leave it out"))
    }
    return mistakes
  }

  /// A time to try a job with.
  private static let sample = ZoneRules.utc.nominalTime(.sample)
}

extension CivilTime {
  /// 2026-01-01.
  fileprivate static var sample: CivilTime {
    guard let time = CivilTime(seconds: 1_767_225_600) else { preconditionFailure("it is in the calendar") }
    return time
  }
}
