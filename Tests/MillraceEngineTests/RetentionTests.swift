import Logging
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceEngine

@Suite("Retention")
struct RetentionTests {
  private static let day: Int64 = 86_400

  private let clock = ManualClock(Sample.time(1000 * day))
  private let store = MemoryJobStore()
  private let files = MemoryFiles()

  /// A keeper with nothing but transitions kept for ever unless `change` says so.
  private func keeper(
    inUse: Set<String>? = [], _ change: (inout Retention) -> Void = { _ in }
  ) -> RecordKeeper {
    var retention = Retention()
    retention.transitions = nil
    change(&retention)
    return RecordKeeper(
      store: store, files: files, clock: clock, retention: retention,
      log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, slice: 1, buildsInUse: { inUse })
  }

  /// Makes a job that ended so many days ago, with a log of that time.
  @discardableResult
  private func job(_ state: JobState, ended days: Int64, input: Int = 0) async throws -> JobID {
    let time = (1000 - days) * Self.day
    var asked = Sample.plain()
    asked.input = [UInt8](repeating: 0, count: input)
    let id = try await store.submit([asked], at: Sample.time(time - 10))[0]
    files.add(logOf: id, lastWrite: Sample.time(time))
    guard state != .cancelled else {
      try await store.commit([.cancelled(id, at: Sample.time(time))])
      return id
    }
    let attempt = Sample.attempt(id, at: time - 5)
    try await store.commit([.starting(attempt)])
    guard state.isFinal else { return id }
    let end = AttemptEnd(outcome: state == .failed ? .error : .succeeded, ended: Sample.time(time))
    try await store.commit([.ended(attempt.id, end, next: .done(state))])
    return id
  }

  private func onRecord() async throws -> [JobID] {
    try await store.jobs(matching: JobFilter()).map(\.id).sorted()
  }

  @Test("jobs go when they have been ended for as long as their end is kept, and their logs with them")
  func ages() async throws {
    let keeper = keeper { ($0.succeeded, $0.failed, $0.cancelled) = (.days(30), .days(90), nil) }
    let old = try await [job(.succeeded, ended: 31), job(.failed, ended: 91)]
    let kept = try await [
      job(.succeeded, ended: 29), job(.failed, ended: 89), job(.cancelled, ended: 500),
      job(.starting, ended: 99),
    ]
    let report = try await keeper.prune(PruneWish())
    #expect(
      report.tallies == [.succeeded: JobTally(jobs: 1, attempts: 1), .failed: JobTally(jobs: 1, attempts: 1)])
    #expect(try await onRecord() == kept)
    let logs = try await files.logs().map(\.job)
    #expect(old.allSatisfy { !logs.contains($0) })
    // Logs are kept for two weeks, but that of a job that may run is open.
    #expect(logs == [kept[3]])
    #expect(report.logFiles == 5)
  }

  @Test("a rehearsal says what would go, and nothing goes")
  func rehearsal() async throws {
    let keeper = keeper()
    try await job(.succeeded, ended: 31, input: 7)
    try await job(.succeeded, ended: 1)
    let before = try await onRecord()
    var wish = PruneWish()
    wish.isRehearsal = true
    let report = try await keeper.prune(wish)
    #expect(report.tallies == [.succeeded: JobTally(jobs: 1, attempts: 1, bytes: Bytes(7))])
    #expect(report.logFiles == 1 && report.isRehearsal)
    #expect(try await onRecord() == before)
    #expect(try await files.logs().count == 2)
  }

  @Test("what is asked for goes instead of what is configured")
  func asked() async throws {
    let keeper = keeper()
    let failed = try await job(.failed, ended: 3)
    let kept = try await [job(.failed, ended: 1), job(.succeeded, ended: 100)]
    var wish = PruneWish()
    (wish.olderThan, wish.states) = (.days(2), [.failed])
    #expect(try await keeper.prune(wish).tallies[.failed]?.jobs == 1)
    #expect(try await onRecord() == kept)
    #expect(try await !files.logs().map(\.job).contains(failed))
    wish.states = [.running]
    await #expect(throws: Refusal.self) { try await keeper.prune(wish) }
  }

  @Test("over the bound the first ends go first and dead letters last, and no more than needed")
  func bytes() async throws {
    // A job takes 1000 bytes and its input in this store, its log 4096.
    let keeper = keeper { $0.bytes = Bytes(3 * 5096) }
    let failed = try await job(.failed, ended: 80)
    let jobs = try await [5, 4, 3, 2].asyncMap { try await job($0 == 4 ? .cancelled : .succeeded, ended: $0) }
    let report = try await keeper.prune(PruneWish())
    #expect(report.over == .zero && report.tally.jobs == 2)
    #expect(try await onRecord() == [failed] + jobs[2...])
  }

  @Test("a bound that can't be kept is told, and jobs that have not ended stay")
  func unreachable() async throws {
    let keeper = keeper { $0.bytes = Bytes(10) }
    let running = try await job(.starting, ended: 500, input: 100)
    let report = try await keeper.prune(PruneWish())
    #expect(report.over == Bytes(1000 + 100 + 4096 - 10))
    #expect(try await onRecord() == [running])
  }

  @Test("logs of jobs that are not on record go, as a crash leaves them")
  func orphans() async throws {
    files.add(logOf: JobID(77), lastWrite: clock.now())
    let report = try await keeper().prune(PruneWish())
    #expect(report.logFiles == 1)
    #expect(try await files.logs().isEmpty)
  }

  @Test("builds go that no plugin in use and no attempt on record names, but not young ones")
  func builds() async throws {
    try await job(.succeeded, ended: 1)
    let named = String(repeating: "f", count: 64)
    for build in [named, "used", "old"] { files.add(build: build, made: Sample.time(0)) }
    files.add(build: "young", made: clock.now())
    // At the start nobody knows yet which plugins are in use.
    #expect(try await keeper(inUse: nil).prune(PruneWish()).builds == 0)
    let report = try await keeper(inUse: ["used"]).prune(PruneWish())
    #expect(report.builds == 1)
    #expect(try await files.builds().map(\.sha256) == [named, "used", "young"])
  }

  @Test("nominal times go when they are old, in slices, and their keeper wakes for the next of them")
  func ticks() async throws {
    let keeper = keeper {
      ($0.succeeded, $0.failed, $0.cancelled, $0.logs, $0.bytes) = (nil, nil, nil, nil, nil)
      ($0.ticks, $0.events) = (.days(100), nil)
    }
    let added = try await store.change(
      .add(try Sample.definition(), file: nil, created: Sample.time(0)))
    let schedule = try #require(added)
    // Thirty of them on each of 103 days, from two o'clock on.
    for day in 898...1000 {
      let claims = (0..<30).map { Sample.claim(Int64(day) * Self.day + 7200 + $0, of: schedule, .missedDown) }
      _ = try await store.claim(claims, at: clock.now())
    }
    var wish = PruneWish()
    wish.olderThan = .zero
    #expect(try await keeper.prune(wish).ticks == 0)
    wish = PruneWish()
    wish.isRehearsal = true
    #expect(try await keeper.prune(wish).ticks == 60)
    let task = Task { await keeper.run() }
    try await clock.sleeper(until: Sample.time(1000 * Self.day + 7200))
    #expect(try await store.count(OldTicks(before: Sample.time(1001 * Self.day))) == 101 * 30)
    clock.advance(by: .days(1))
    try await clock.sleeper(until: Sample.time(1001 * Self.day + 7200))
    #expect(try await store.firstOldTick() == Sample.time(901 * Self.day + 7200))
    task.cancel()
    await task.value
  }

  @Test("transitions go when they are old, but for the newest, and their keeper wakes for the next of them")
  func transitions() async throws {
    let keeper = keeper {
      ($0.succeeded, $0.failed, $0.cancelled, $0.logs, $0.bytes) = (nil, nil, nil, nil, nil)
      ($0.ticks, $0.events, $0.transitions) = (nil, nil, .days(7))
    }
    for day in 990...1000 {
      for second in 0..<30 {
        let time = Sample.time(Int64(day) * Self.day + 7200 + Int64(second))
        try await store.commit([.told(Transition(.pressureChanged))], at: time)
      }
    }
    var wish = PruneWish()
    wish.isRehearsal = true
    #expect(try await keeper.prune(wish).transitions == 90)
    let task = Task { await keeper.run() }
    try await clock.sleeper(until: Sample.time(1000 * Self.day + 7200))
    #expect(try await store.transitionNumbers() == 91...330)
    clock.advance(by: .days(30))
    while try await store.transitionNumbers() != 330...330 { await Task.yield() }
    task.cancel()
    await task.value
  }

  @Test(
    "events go when they are old and everything is decided about them, and their keeper wakes for the next")
  func events() async throws {
    let keeper = keeper {
      ($0.succeeded, $0.failed, $0.cancelled, $0.logs, $0.bytes) = (nil, nil, nil, nil, nil)
      ($0.ticks, $0.events) = (nil, .days(30))
    }
    var settlement = EventSettlement()
    for day in 968...1000 {
      let events = (0..<3).map { Sample.event("\(day)-\($0)") }
      let accepted = try await store.accept(events, at: Sample.time(Int64(day) * Self.day + 7200))
      // The last of each day is open.
      settlement.settled += accepted.prefix(2).map(\.number)
    }
    _ = try await store.claim([], settling: settlement, at: clock.now())
    var wish = PruneWish()
    wish.olderThan = .zero
    #expect(try await keeper.prune(wish).events == 0)
    wish = PruneWish()
    wish.isRehearsal = true
    #expect(try await keeper.prune(wish).events == 4)
    let task = Task { await keeper.run() }
    try await clock.sleeper(until: Sample.time(1000 * Self.day + 7200))
    #expect(try await store.count(OldEvents(before: Sample.time(1001 * Self.day))) == 31 * 2)
    #expect(try await store.openEventCount() == 33)
    clock.advance(by: .days(1))
    try await clock.sleeper(until: Sample.time(1001 * Self.day + 7200))
    #expect(try await store.firstOldEvent() == Sample.time(971 * Self.day + 7200))
    task.cancel()
    await task.value
  }

  @Test("it prunes at the start, sleeps until something is old enough, and no sooner")
  func timing() async throws {
    let keeper = keeper { ($0.bytes, $0.logs) = (nil, nil) }
    let first = try await job(.succeeded, ended: 31)
    let second = try await job(.succeeded, ended: 29)
    let due = Sample.time((1000 - 29 + 30) * Self.day)
    let task = Task { await keeper.run() }
    try await clock.sleeper(until: due)
    #expect(try await onRecord() == [second])
    #expect(clock.sleeps.entries == [due])
    clock.advance(by: .days(1) + .seconds(1))
    // Nothing is left: what ends from now on is not old enough before thirty days have passed.
    try await clock.sleeper(until: clock.now() + .days(30))
    #expect(try await onRecord() == [])
    #expect(first < second)
    task.cancel()
    await task.value
  }

  @Test("after jobs were taken or ended the bound is looked at an hour later, and then no more")
  func activity() async throws {
    let keeper = keeper { ($0.bytes, $0.logs) = (.gibibytes(1), nil) }
    let task = Task { await keeper.run() }
    try await clock.sleeper(until: clock.now() + .days(30))
    let asked = clock.now()
    try await job(.succeeded, ended: 0)
    try await clock.sleeper(until: asked + RecordKeeper.interval)
    clock.advance(by: RecordKeeper.interval)
    let due = asked + .days(30)
    try await clock.sleeps.wait { $0.count { $0 == due } == 2 }
    task.cancel()
    await task.value
  }
}

extension Duration {
  fileprivate static func days(_ count: Int64) -> Duration { .seconds(count * 86_400) }
}

extension Array {
  fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await body(element)) }
    return values
  }
}
