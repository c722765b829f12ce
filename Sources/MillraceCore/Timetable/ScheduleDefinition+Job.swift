extension ScheduleDefinition {
  /// The label with the schedule's name that its jobs have.
  package static let label = "schedule"

  /// Returns the job of a nominal time.
  ///
  /// - Parameters:
  ///   - nominal: the time.
  ///   - lastSuccess: the nominal time of the last tick whose job succeeded; nil if there is none.
  /// - Returns: it, with the label of the schedule.
  /// - Throws: `Mistakes` if a value that is put in does not fit.
  package func request(
    for nominal: NominalTime, lastSuccess: Timestamp?
  ) throws(Mistakes) -> JobRequest {
    var substitution = Substitution(values(for: nominal, lastSuccess: lastSuccess))
    let filled = job.map { substitution.applied(to: $0) }
    try Mistakes.demandNone(substitution.mistakes)
    var reader = StepReader()
    var request = reader.request(of: filled)
    try Mistakes.demandNone(reader.reader.mistakes)
    request.labels[Self.label] = name
    return request
  }

  /// Whether its jobs are told when one succeeded last.
  package var usesLastSuccess: Bool {
    var values = values(for: Self.sample, lastSuccess: nil)
    values["last_success"] = nil
    var substitution = Substitution(values)
    for member in job { _ = substitution.applied(to: member) }
    return !substitution.mistakes.isEmpty
  }

  /// Returns what `{{name}}` stands for.
  private func values(for nominal: NominalTime, lastSuccess: Timestamp?) -> [String: JSONValue] {
    [
      "nominal_time": .string(nominal.text),
      "nominal_utc": .string(Self.utcText(of: nominal.time)),
      "nominal_date": .string(nominal.local.dayText),
      "nominal_unix": .integer(nominal.time.rawValue.flooredDivision(by: 1_000_000).quotient),
      "last_success": .string(lastSuccess.map(Self.utcText) ?? ""),
      "schedule": .string(name),
    ]
  }

  /// As RFC 3339 without a fraction; empty outside of the years 0 to 9999, where nothing is due.
  private static func utcText(of time: Timestamp) -> String {
    ZoneRules.utc.local(time).map { $0.text + "Z" } ?? ""
  }

  /// Returns what is wrong with its job at any time: with and without a success before it.
  func mistakesOfJob() -> [Mistake] {
    var mistakes: [Mistake] = []
    for lastSuccess in [nil, Self.sample.time] {
      do throws(Mistakes) {
        _ = try request(for: Self.sample, lastSuccess: lastSuccess)
      } catch {
        mistakes += error.all
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
