import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("The fakes", .timeLimit(.minutes(1)))
struct FakeTests {
  @Test("a journal wakes who waits for an entry, and whoever is cancelled")
  func journal() async throws {
    let journal = Journal<String>()
    let waiter = Task { try await journal.wait(for: "a", times: 2) }
    let cancelled = Task { try await journal.wait(for: "never") }
    journal.append("a")
    journal.append("b")
    journal.append("ba")
    #expect(try await waiter.value == ["a", "b", "ba"])
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    #expect(try await journal.wait(for: "b") == ["a", "b", "ba"])
  }

  @Test("a manual clock wakes those whose time has come, and no others")
  func clock() async throws {
    let clock = ManualClock(Sample.time(0))
    let woken = Journal<String>()
    func sleep(_ seconds: Int64) -> Task<Void, any Error> {
      Task {
        try await clock.sleep(until: Sample.time(seconds))
        woken.append("\(seconds)")
      }
    }
    let tasks = [sleep(1), sleep(2), sleep(3)]
    for seconds in 1...3 { try await clock.sleeper(until: Sample.time(Int64(seconds))) }
    clock.advance(by: .seconds(2))
    try await woken.wait { $0.count == 2 }
    #expect(Set(woken.entries) == ["1", "2"])
    #expect(clock.now() == Sample.time(2))
    tasks[2].cancel()
    await #expect(throws: CancellationError.self) { try await tasks[2].value }
    try await clock.sleep(until: Sample.time(2))
  }

  @Test("the fake launcher keeps the contract", arguments: LauncherContract.clauses)
  func launcher(clause: LauncherContract) async throws { try await clause.check(FakeLaunchers()) }

  /// Fakes that follow each other, each with what the one before left.
  private final class FakeLaunchers: LauncherStage {
    private let journal = Journal<String>()
    private var last: FakeLauncher?

    func next() async throws -> any Launcher {
      let launcher = FakeLauncher(journal: journal, after: last)
      launcher.startAtOnce()
      launcher.obey()
      last = launcher
      return launcher
    }

    func plant(_ kind: Leak.Kind) throws { last?.plant(Leak(kind, "left over")) }

    func plan(_ attempt: AttemptID) throws -> LaunchPlan {
      LaunchPlan(
        attempt: attempt, handler: "waits", plugin: Sample.plugin("fixture", handlers: []),
        limits: Sample.terms.limits, priority: .default, deadline: Sample.time(1000),
        payload: StoredPayload(parameters: .object([:]), input: nil, traceParent: nil))
    }
  }

  @Test("a held store goes on when it is released, a full one fails and changes nothing")
  func store() async throws {
    let journal = Journal<String>()
    let store = FaultyJobStore(journal: journal)
    store.hold()
    async let ids = store.submit([Sample.plain()], at: Sample.time(0))
    try await journal.wait(for: "accept 1")
    #expect(!journal.has("accepted"))
    store.release()
    #expect(try await ids == [JobID(1)])
    store.fill()
    await #expect(throws: StoreFault.diskFull) {
      try await store.commit([.cancelled(JobID(1), at: Sample.time(1))])
    }
    #expect(try await store.job(JobID(1))?.state == .queued)
    store.fill(false)
    try await store.commit([.cancelled(JobID(1), at: Sample.time(1))])
    #expect(
      journal.entries == [
        "accept 1", "accepted [1]", "commit [cancelled 1]", "failed [cancelled 1]", "commit [cancelled 1]",
        "committed [cancelled 1]",
      ])
  }

  @Test("a store that fails a claim has neither its row nor its job, a torn one has both")
  func claims() async throws {
    let journal = Journal<String>()
    let store = FaultyJobStore(journal: journal)
    let added = try await store.change(
      .add(try Sample.definition(), file: nil, created: Sample.time(0)))
    let schedule = try #require(added)
    let claims = [Sample.claim(5, of: schedule), Sample.claim(6, of: schedule, .missedDown)]
    let draws: [FaultyJobStore.Draw] = [.fails(.inputOutput), .isTorn(.busy)]
    for draw in draws {
      #expect(try await store.jobs(matching: JobFilter()).isEmpty)
      #expect(try await store.ticks(matching: TickFilter(schedule: schedule.id)).isEmpty)
      store.fail { $0 == "claim" ? draw : nil }
      await #expect(throws: StoreFault.self) { try await store.claim(claims, at: Sample.time(6)) }
    }
    store.fail(by: nil)
    #expect(try await store.claim(claims, at: Sample.time(7)) == [.taken, .taken])
    #expect(try await store.unfinishedJobsOfSchedules() == [schedule.id: [JobID(1)]])
    #expect(try await store.schedules().map(\.decided) == [Sample.time(6)])
    #expect(
      journal.entries == [
        "change add nightly", "changed add nightly", "claim [ran 5, missed-down 6]",
        "failed claim [ran 5, missed-down 6]", "claim [ran 5, missed-down 6]",
        "torn claim [ran 5, missed-down 6]", "claim [ran 5, missed-down 6]", "claimed [5 taken, 6 taken]",
      ])
  }
}
