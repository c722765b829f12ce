package import MillraceCore
package import MillraceEngine

/// The journal has "change add nightly", "changed add nightly", "claim [ran 5]", "claimed [5 by 1]": nominal
/// times in seconds after `Sample.time(0)`, "by" their jobs.
extension FaultyJobStore: ScheduleStore {
  package func change(_ change: ScheduleChange, at now: Timestamp) async throws -> Schedule? {
    journal.append("change \(change.words)")
    let schedule = try await pass("change", "change \(change.words)") {
      try await record.change(change, at: now)
    }
    journal.append("changed \(change.words)")
    return schedule
  }

  package func claim(
    _ claims: [Claim], settling settlement: EventSettlement, at now: Timestamp
  ) async throws -> [ClaimResult] {
    let words = "claim [\(claims.map(\.words).joined(separator: ", "))]"
    journal.append(words)
    let results = try await pass("claim", words) {
      try await record.claim(claims, settling: settlement, at: now)
    }
    let claimed = zip(claims, results).map { "\($0.tick.secondsOfSample) \($1.words)" }
    journal.append("claimed [\(claimed.joined(separator: ", "))]")
    return results
  }

  package func unfinishedJobsOfSchedules() async throws -> [ScheduleID: [JobID]] {
    try await pass("schedules", "unfinished jobs of schedules") {
      try await record.unfinishedJobsOfSchedules()
    }
  }

  package func schedule(named name: String) async throws -> Schedule? {
    try await pass("schedules", "schedule \(name)") { try await record.schedule(named: name) }
  }

  package func schedules(after name: String, atMost count: Int) async throws -> [Schedule] {
    try await pass("schedules", "schedules") { try await record.schedules(after: name, atMost: count) }
  }

  package func fates(lastOfEach count: Int, handler: String?) async throws -> [Fate: Int] {
    try await pass("schedules", "fates") { try await record.fates(lastOfEach: count, handler: handler) }
  }

  package func lastSuccess(of schedule: ScheduleID) async throws -> Timestamp? {
    try await pass("schedules", "last success of \(schedule)") {
      try await record.lastSuccess(of: schedule)
    }
  }

  package func ticks(matching filter: TickFilter) async throws -> [TickRow] {
    try await record.ticks(matching: filter)
  }

  package func tallies(of schedules: [ScheduleID]) async throws -> [ScheduleID: ScheduleTally] {
    try await record.tallies(of: schedules)
  }
}

extension ScheduleChange {
  fileprivate var words: String {
    switch self {
    case .add(let definition, _, _): "add \(definition.name)"
    case .replace(let id, let definition, _, _): "replace \(id) \(definition.name)"
    case .pause(let id, let since): "\(since == nil ? "resume" : "pause") \(id)"
    case .remove(let id, _): "remove \(id)"
    }
  }
}

extension Claim {
  fileprivate var words: String { "\(tick.fate.rawValue) \(tick.secondsOfSample)" }
}

extension Tick {
  fileprivate var secondsOfSample: Int64 { (nominal - Sample.time(0)).microseconds / 1_000_000 }
}

extension ClaimResult {
  fileprivate var words: String {
    switch self {
    case .claimed(let acceptance?): "by \(acceptance.job)"
    case .claimed(nil): "by none"
    case .taken: "taken"
    }
  }
}
