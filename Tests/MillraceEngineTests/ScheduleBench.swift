import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine

/// An engine with schedules and fakes all around it. Its wall clock is the bench's clock and what it
/// was set by.
struct ScheduleBench {
  let bench: Bench
  let source: FakeScheduleSource
  let files: FakeFileEventSource
  let wall: ManualWallClock

  var engine: Engine { bench.engine }
  var store: any ScheduleStore & EventStore { bench.store }

  /// Makes one; its clock shows midnight of 2026-01-01 and `seconds`.
  init(
    at seconds: Int64 = 0, record: MemoryJobStore = MemoryJobStore(), slots: Int = 10, maxQueued: Int = 100,
    calendars: [String: DayCalendar] = [:], unreadable: [String] = []
  ) {
    let source = FakeScheduleSource(calendars: calendars, unreadable: unreadable)
    let files = FakeFileEventSource()
    var wall: ManualWallClock?
    bench = Bench(slots: slots, maxQueued: maxQueued, record: record, at: Sample.time(seconds)) {
      store, clock in
      let clock = ManualWallClock(clock)
      wall = clock
      return Engine.ScheduleParts(store: store, source: source, files: files, wall: clock)
    }
    self.source = source
    self.files = files
    guard let wall else { preconditionFailure("the bench makes its parts") }
    self.wall = wall
  }

  /// Returns a definition of the members that are given, with a job of `work` if they have none.
  static func definition(_ name: String, _ members: [String: JSONValue]) throws -> ScheduleDefinition {
    var all = members
    all["name"] = .string(name)
    if all["job"] == nil { all["job"] = .object(["handler": .string("work")]) }
    return try ScheduleDefinition(PlacedValue(.object(all), at: .start))
  }

  @discardableResult
  func add(_ name: String, _ members: [String: JSONValue]) async throws -> Schedule {
    try await engine.add(Self.definition(name, members)).schedule
  }

  /// Turns the clock on to a second after midnight of 2026-01-01; returns when what is due then is claimed.
  func turn(to second: Int64, rows count: Int, of name: String) async throws {
    bench.clock.advance(by: Sample.time(second) - bench.clock.now())
    try await rows(count, of: name)
  }

  /// Returns the rows of a schedule, the oldest first, when there are so many.
  @discardableResult
  func rows(_ count: Int, of name: String) async throws -> [TickRow] {
    while true {
      let schedule = try await engine.schedule(named: name).schedule
      let rows = try await store.ticks(matching: TickFilter(schedule: schedule.id, limit: 10_000))
      if rows.count >= count {
        #expect(rows.count == count)
        return rows.reversed()
      }
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  /// Returns a schedule when it has made so many jobs.
  func schedule(_ name: String, runs count: Int) async throws -> Schedule {
    while true {
      let schedule = try await engine.schedule(named: name).schedule
      if schedule.runs >= count {
        #expect(schedule.runs == count)
        return schedule
      }
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  /// Returns fates of a schedule, the oldest first, when there are so many.
  func fates(_ count: Int, of name: String) async throws -> [Fate] {
    try await rows(count, of: name).map(\.tick.fate)
  }

  /// Returns when something is decided about every event on record.
  func settledEvents() async throws {
    while try await store.openEventCount() > 0 {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  /// Lets the first attempt at a job run and succeed.
  func finish(_ job: JobID) async throws {
    try await bench.journal.wait(for: "launch \(job).1")
    try await bench.start(AttemptID(job))
    try await bench.end(AttemptID(job))
  }

  func refusal(_ body: () async throws -> Void) async -> Refusal? {
    do {
      try await body()
      return nil
    } catch { return error as? Refusal }
  }
}
