import GRDB
package import MillraceCore
package import MillraceEngine

extension SQLiteJobStore: ScheduleStore {
  package func change(_ change: ScheduleChange, at now: Timestamp) async throws -> Schedule? {
    let file = file
    return try await write("write a schedule", placing: [], tellingAt: now) { db, telling in
      try ScheduleWriter(db: db, file: file).write(change, telling: telling)
    }
  }

  package func claim(
    _ claims: [Claim], settling settlement: EventSettlement, at now: Timestamp
  ) async throws -> [ClaimResult] {
    let inputs = try await place(claims.map { $0.submission?.input })
    let file = file
    let results = try await write(
      "claim \(claims.count) nominal times", placing: inputs, tellingAt: now
    ) { db, telling in
      let writer = ScheduleWriter(db: db, file: file)
      let jobs = AcceptanceWriter(db: db, file: file, now: now, telling: telling)
      var before: [JobID] = []
      let results = try zip(claims, inputs).map { claim, input in
        let result = try writer.write(claim, input: input, behind: before, accepting: jobs)
        before.append(result.job ?? JobID(0))
        return result
      }
      try EventWriter(db: db, file: file).settle(settlement)
      return results
    }
    noteNumbers(results.compactMap(\.job))
    activityRing.yield()
    let unused = zip(results, inputs).filter { result, _ in
      if case .claimed(let acceptance?) = result { !acceptance.isNew } else { true }
    }
    Self.discard(unused.map(\.1), in: blobs)
    return results
  }

  package func unfinishedJobsOfSchedules() async throws -> [ScheduleID: [JobID]] {
    try await history.read("look for the unfinished jobs of schedules") { db in
      try ScheduleFigures.unfinishedJobs(in: db)
    }
  }

  package func schedule(named name: String) async throws -> Schedule? {
    try await history.schedule(named: name)
  }

  package func schedules(after name: String, atMost count: Int) async throws -> [Schedule] {
    try await history.schedules(after: name, atMost: count)
  }

  package func fates(lastOfEach count: Int, handler: String?) async throws -> [Fate: Int] {
    try await history.fates(lastOfEach: count, handler: handler)
  }

  package func ticks(matching filter: TickFilter) async throws -> [TickRow] {
    try await history.ticks(matching: filter)
  }

  package func lastSuccess(of schedule: ScheduleID) async throws -> Timestamp? {
    try await history.lastSuccess(of: schedule)
  }

  package func tallies(of schedules: [ScheduleID]) async throws -> [ScheduleID: ScheduleTally] {
    try await history.tallies(of: schedules)
  }
}
