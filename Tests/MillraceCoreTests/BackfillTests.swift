import TestSupport
import Testing

@testable import MillraceCore

@Suite("Backfill")
struct BackfillTests {
  /// A job that needs so many MiB and may run so many seconds.
  private static func job(
    _ number: Int64, _ handler: String = "work", memory: Int64 = 50, cpu: Int64 = 100, seconds: Int64,
    priority: Int = 5
  ) -> WaitingJob {
    Rig.job(number, handler, priority: priority) {
      $0.limits = Limits(memory: .mebibytes(memory), cpuMillis: cpu, pids: 8)
      $0.timeout = .seconds(seconds)
      $0.grace = .zero
    }
  }

  /// 200 MiB, of which job 1 takes 150 for 100 s and job 2 waits for 100.
  private func blocked(_ change: (inout Policy) -> Void = { _ in }) -> Rig {
    let rig = Rig(Rig.policy(memory: .mebibytes(200), change: change))
    rig.run(Self.job(1, memory: 150, seconds: 100), Self.job(2, memory: 100, seconds: 100))
    #expect(rig.closedGates(2) == [.memory])
    return rig
  }

  struct Row: Sendable {
    var name: String
    var memory: Int64 = 50
    var seconds: Int64
    var starts: Bool
  }

  @Test(
    "a job behind the first one starts if it does not delay it",
    arguments: [
      Row(name: "ends before the place that is kept", seconds: 99, starts: true),
      Row(name: "ends when the first one starts", seconds: 100, starts: true),
      Row(name: "runs on, and there is room beside the first one", seconds: 101, starts: true),
      Row(name: "is too large now", memory: 51, seconds: 1, starts: false),
    ])
  func passes(row: Row) {
    let rig = blocked()
    let started = rig.run(Self.job(3, memory: row.memory, seconds: row.seconds))
    #expect(started == (row.starts ? [.id(3)] : []), "\(row.name)")
    // The first one starts when it could have without.
    #expect(rig.end(.id(1), at: 100).started.contains(.id(2)))
  }

  @Test("a long one that would delay the first one does not start, a short one does")
  func wouldDelay() {
    let rig = Rig(Rig.policy(memory: .mebibytes(200)))
    rig.run(Self.job(1, memory: 150, seconds: 100), Self.job(2, memory: 180, seconds: 100))
    #expect(rig.run(Self.job(3, seconds: 101)) == [])
    #expect(rig.closedGates(3) == [.reservation])
    #expect(rig.reason(.reservation, 3) == "1 job comes first; job 2 holds the reservation")
    #expect(rig.verdicts(3).last?.opensAt == Sample.time(100))
    let admission = rig.send(.submitted([Self.job(4, seconds: 100)])).admissions.first
    #expect(admission?.isBackfill == true)
    #expect(rig.end(.id(1), at: 50).started == [])
    #expect(rig.end(.id(4), at: 60).started == [.id(2)])
  }

  @Test("what was started before the first one counts at its place")
  func takenTogether() {
    let rig = Rig(Rig.policy(memory: .mebibytes(200)))
    rig.run(Self.job(1, memory: 140, seconds: 100), Self.job(2, memory: 160, seconds: 100))
    // Beside the first one are 40: one of 30 may run on, the second may not.
    #expect(
      rig.run(Self.job(3, memory: 30, seconds: 500), Self.job(4, memory: 30, seconds: 500)) == [.id(3)])
    #expect(rig.closedGates(4) == [.reservation])
    #expect(rig.end(.id(1), at: 100).started == [.id(2)])
  }

  @Test("memory, processors, slots and promised limits are kept together")
  func allResources() {
    func starts(_ policy: Policy, _ running: WaitingJob, _ head: WaitingJob, _ other: WaitingJob) -> Bool {
      let rig = Rig(policy)
      #expect(rig.run(running, head) == [.id(1)])
      return rig.run(other) == [.id(3)]
    }
    let job = Self.job
    // Slots: all three are free only when the first one runs alone.
    #expect(
      starts(
        Rig.policy(slots: 2, memory: .mebibytes(100)), job(1, "work", 60, 100, 10, 5),
        job(2, "work", 60, 100, 10, 5), job(3, "work", 10, 100, 99, 5)))
    // Whole processors.
    let whole = Rig.policy(cpuMillis: 4000) { $0.processors = .whole }
    #expect(
      !starts(
        whole, job(1, "work", 1, 3000, 10, 5), job(2, "work", 1, 4000, 10, 5),
        job(3, "work", 1, 1000, 11, 5)))
    #expect(
      starts(
        whole, job(1, "work", 1, 3000, 10, 5), job(2, "work", 1, 4000, 10, 5),
        job(3, "work", 1, 1000, 10, 5)))
    #expect(
      starts(
        whole, job(1, "work", 1, 3000, 10, 5), job(2, "work", 1, 2000, 10, 5),
        job(3, "work", 1, 1000, 99, 5)))
    // Limits: 300 MiB may be promised.
    var promised = Rig.policy(memory: .mebibytes(1000))
    promised.capacity.committed = .mebibytes(300)
    #expect(
      !starts(
        promised, job(1, "work", 200, 1, 10, 5), job(2, "work", 250, 1, 10, 5),
        job(3, "work", 100, 1, 11, 5)))
    #expect(
      starts(
        promised, job(1, "work", 200, 1, 10, 5), job(2, "work", 250, 1, 10, 5),
        job(3, "work", 100, 1, 10, 5)))
  }

  @Test("shorter ones are tried first, those of equal length by rank")
  func shortestFirst() {
    let rig = blocked()
    let jobs = [
      Self.job(3, memory: 20, seconds: 90), Self.job(4, memory: 20, seconds: 10),
      Self.job(5, memory: 20, seconds: 50), Self.job(6, memory: 20, seconds: 10),
    ]
    #expect(rig.run(jobs[0], jobs[1], jobs[2], jobs[3]) == [.id(4), .id(6)])
  }

  @Test("by `inOrder` they are tried by rank, by `none` not at all")
  func policies() {
    let jobs = [Self.job(3, memory: 20, seconds: 90), Self.job(4, memory: 40, seconds: 10)]
    #expect(blocked { $0.backfill = .inOrder }.run(jobs[0], jobs[1]) == [.id(3)])
    #expect(blocked().run(jobs[0], jobs[1]) == [.id(4)])
    let none = blocked { $0.backfill = .none }
    #expect(none.run(jobs[0], jobs[1]) == [])
    #expect(none.closedGates(3) == [.reservation])
  }

  @Test("the presets are what the literature says")
  func presets() {
    var policy = Rig.policy()
    policy.apply(.fcfs)
    #expect(policy.backfill == .none && !policy.learning.isOn && policy.order == .priority)
    policy.apply(.easy)
    #expect(policy.backfill == .inOrder && !policy.learning.isOn)
    policy.apply(.slowdown)
    #expect(policy.backfill == .shortestFirst && policy.learning.isOn && policy.order == .slowdown)
    policy.apply(.default)
    #expect(policy == Rig.policy())
  }

  @Test("so many behind the first one are looked at, no more")
  func window() {
    let rig = blocked { $0.backfillWindow = 2 }
    let large = (3...4).map { Self.job($0, memory: 190, seconds: 10) }
    #expect(rig.run(large[0], large[1], Self.job(5, seconds: 10)) == [])
    #expect(rig.closedGates(5) == [])
    #expect(rig.send(.cancel(JobID(3))).started == [.id(5)])
    let unbounded = blocked { $0.backfillWindow = nil }
    #expect(unbounded.run(large[0], large[1], Self.job(5, seconds: 10)) == [.id(5)])
  }

  @Test("there is none while memory is short")
  func underPressure() {
    let rig = blocked()
    rig.sample([:], MachineSample(treeMemory: .mebibytes(165)), at: 10)
    #expect(rig.run(Self.job(3, seconds: 10)) == [])
    #expect(rig.closedGates(3) == [.reservation])
    #expect(rig.sample([:], MachineSample(treeMemory: .mebibytes(100))).started == [.id(3)])
  }

  @Test("a job whose handler may not run more is no head: it keeps no place")
  func blockedHandler() {
    let rig = Rig(
      Rig.policy(memory: .mebibytes(200)),
      handlers: ["work": HandlerRules(concurrency: 1), "other": HandlerRules()])
    rig.run(Self.job(1, memory: 100, seconds: 100), Self.job(2, memory: 200, seconds: 100))
    #expect(rig.run(Self.job(3, "other", memory: 100, seconds: 9999)) == [.id(3)])
    // Once it may, it does.
    #expect(rig.end(.id(1), at: 10).started == [])
    #expect(rig.closedGates(2) == [.memory])
    #expect(rig.run(Self.job(4, "other", memory: 50, seconds: 9999)) == [])
  }

  @Test(
    "one that is only expected to end in time may pass while the first one stays within its patience",
    arguments: [
      (timeout: 400, at: 0, starts: true), (timeout: 401, at: 0, starts: false),
      (timeout: 390, at: 10, starts: true), (timeout: 391, at: 10, starts: false),
      // It would be expected to end after the first one's start.
      (timeout: 200, at: 71, starts: false),
    ] as [(timeout: Int64, at: Int64, starts: Bool)])
  func patience(timeout: Int64, at seconds: Int64, starts: Bool) {
    let rig = Rig(Rig.policy(memory: .mebibytes(200)))
    let learned = (1...20).map { _ in EstimateTests.evidence(nil, seconds: 30, handler: "other") }
    _ = rig.send(.learned(learned))
    rig.run(Self.job(1, memory: 150, seconds: 100), Self.job(2, memory: 180, seconds: 100))
    _ = rig.send(.timer, at: seconds)
    #expect(rig.run(Self.job(3, "other", seconds: timeout)) == (starts ? [.id(3)] : []))
  }

  @Test("an attempt is certain to end at its time limit only, whatever was learned")
  func certain() {
    let rig = Rig(Rig.policy(memory: .mebibytes(200)))
    _ = rig.send(.learned((1...20).map { _ in EstimateTests.evidence(nil, seconds: 30) }))
    rig.run(Self.job(1, memory: 150, seconds: 1000), Self.job(2, memory: 180, seconds: 1000))
    #expect(rig.verdicts(2).last?.isOpen == true)
    #expect(rig.run(Self.job(3, "other", seconds: 1000)) == [.id(3)])
    rig.end(.id(3))
    #expect(rig.run(Self.job(4, "other", seconds: 9999)) == [])
    #expect(rig.verdicts(4).last?.opensAt == Sample.time(1000))
  }

  @Test("the grace counts: an attempt may take that long to end")
  func grace() {
    let rig = Rig(Rig.policy(memory: .mebibytes(200)))
    var slow = Self.job(1, memory: 150, seconds: 100)
    slow.terms.grace = .seconds(20)
    rig.run(slow, Self.job(2, memory: 180, seconds: 1))
    #expect(rig.run(Self.job(3, seconds: 121)) == [])
    #expect(rig.verdicts(3).last?.opensAt == Sample.time(120))
    var other = Self.job(4, seconds: 110)
    other.terms.grace = .seconds(11)
    #expect(rig.run(other) == [])
    #expect(rig.run(Self.job(5, seconds: 120)) == [.id(5)])
  }

  @Test("attempts that end together make room together")
  func together() {
    let rig = Rig(Rig.policy(memory: .mebibytes(200)))
    rig.run(
      Self.job(1, memory: 90, seconds: 100), Self.job(2, memory: 90, seconds: 100),
      Self.job(3, memory: 200, seconds: 10))
    #expect(rig.forecast(3).start == Sample.time(100))
    #expect(rig.run(Self.job(4, memory: 20, seconds: 100)) == [.id(4)])
  }

  @Test("a job does not pass the first one to take the last place that their handler has")
  func lastPlace() {
    let rig = Rig(
      Rig.policy(memory: .mebibytes(200)),
      handlers: ["work": HandlerRules(concurrency: 2), "other": HandlerRules()])
    rig.run(Self.job(1, memory: 150, seconds: 100), Self.job(2, memory: 100, seconds: 100))
    #expect(rig.run(Self.job(3, seconds: 101)) == [])
    #expect(rig.run(Self.job(4, "other", seconds: 101)) == [.id(4)])
  }
}
