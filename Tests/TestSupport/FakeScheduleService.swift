package import MillraceCore
package import MillraceEngine
import Synchronization

/// Schedules in memory, each due every minute; it notes what it was asked.
package final class FakeScheduleService: ScheduleService {
  private struct State {
    var next = 0
    var calls: [String] = []
  }

  private let state = Mutex(State())
  private let record: MemoryJobStore

  package init(_ record: MemoryJobStore = MemoryJobStore()) { self.record = record }

  /// What it was asked to change: "add nightly", "pause nightly true".
  package var calls: [String] { state.withLock { $0.calls } }

  package var scheduleRecord: any ScheduleReader { record }

  private func note(_ call: String) { state.withLock { $0.calls.append(call) } }

  private func existing(_ name: String) async throws -> Schedule {
    guard let schedule = try await record.schedules().first(where: { $0.definition.name == name }) else {
      throw Refusal(.notFound, "there is no schedule `\(name)`")
    }
    return schedule
  }

  private func standing(_ schedule: Schedule) -> ScheduleStanding {
    ScheduleStanding(schedule: schedule, next: times(1).first, unfinished: [JobID(7)])
  }

  private func times(_ count: Int) -> [PlannedTime] {
    (1...count).compactMap { minute in
      ZoneRules.utc.nominalTime(at: Sample.time(Int64(60 * minute))).map { PlannedTime(time: $0) }
    }
  }

  private func change(_ change: ScheduleChange) async throws -> ScheduleStanding {
    guard let schedule = try await record.change(change) else { throw TestFailure("it is removed") }
    return standing(schedule)
  }

  package func add(_ definition: ScheduleDefinition) async throws -> ScheduleStanding {
    note("add \(definition.name)")
    guard (try? await existing(definition.name)) == nil else {  // That there is none is no error here.
      throw Refusal(.conflict, "there is a schedule `\(definition.name)` already")
    }
    return try await change(.add(definition, file: nil, created: Sample.time(0)))
  }

  package func edit(
    _ name: String, to definition: ScheduleDefinition, from revisions: Set<String>?
  ) async throws -> ScheduleStanding {
    note("edit \(name)")
    let schedule = try await existing(name)
    try schedule.definition.demand(oneOf: revisions)
    return try await change(.replace(schedule.id, definition, file: nil, decided: Sample.time(1)))
  }

  package func pause(_ name: String, _ isPaused: Bool) async throws -> ScheduleStanding {
    note("pause \(name) \(isPaused)")
    return try await change(.pause(try await existing(name).id, since: isPaused ? Sample.time(2) : nil))
  }

  package func remove(schedule name: String, of revisions: Set<String>?) async throws {
    note("remove \(name)")
    let schedule = try await existing(name)
    try schedule.definition.demand(oneOf: revisions)
    _ = try await record.change(.remove(schedule.id, at: Sample.time(3)))
  }

  package func runNow(_ name: String, key: JobKey?) async throws -> Acceptance {
    note("run \(name)")
    let schedule = try await existing(name)
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    let tick = Tick(
      schedule: schedule.id, nominal: Sample.time(Int64(number)), local: "2026-01-01T00:00:0\(number)+00:00",
      fate: .manual, decided: Sample.time(Int64(number)))
    var submission = Sample.plain()
    submission.key = key
    let claim = Claim(tick: tick, schedule: schedule, submission: submission)
    guard case .claimed(let acceptance?)? = try await record.claim([claim], at: Sample.time(0)).first else {
      throw TestFailure("it is taken")
    }
    return acceptance
  }

  package func backfill(_ name: String, _ range: BackfillRange) async throws -> Backfill {
    note("backfill \(name) \(range.from.time(in: .utc).milliseconds) \(range.to.time(in: .utc).milliseconds)")
    _ = try await existing(name)
    return Backfill(ticks: [], existing: 2)
  }

  package func schedules(after name: String, atMost count: Int) async -> [ScheduleStanding] {
    let all = (try? await record.schedules()) ?? []  // A record in memory can be read.
    return all.filter { $0.definition.name > name }.prefix(count).map(standing)
  }

  package func schedule(named name: String) async throws -> ScheduleStanding {
    standing(try await existing(name))
  }

  package func preview(_ name: String, count: Int) async throws -> [PlannedTime] {
    _ = try await existing(name)
    return times(count)
  }

  package func fates(handler: String?) async throws -> [Fate: Int] {
    try await record.fates(lastOfEach: FakeJobService.window, handler: handler)
  }
}
