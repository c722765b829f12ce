import TestSupport
import Testing

@testable import MillraceCore

@Suite("Gates, one by one")
struct GateTests {
  private static let demand = Resources(
    slots: 1, memory: .mebibytes(64), committed: .mebibytes(100), cpuMillis: 1000)

  /// Two slots, 200 MiB, 300 MiB of limits, 2.5 processors; something runs.
  private static func situation(_ change: (inout Situation) -> Void = { _ in }) -> Situation {
    var policy = Rig.policy(slots: 2, memory: .mebibytes(200), cpuMillis: 2500)
    policy.capacity.committed = .mebibytes(300)
    var situation = Situation(
      policy: policy, now: Sample.time(100), isDraining: false,
      used: Resources(slots: 1, memory: .mebibytes(100), committed: .mebibytes(150), cpuMillis: 2000),
      pressure: PressureMonitor(), lastStart: nil)
    change(&situation)
    return situation
  }

  private static func pressure(_ used: Int64) -> PressureMonitor {
    var monitor = PressureMonitor()
    _ = monitor.take(
      MachineSample(treeMemory: .mebibytes(used)), capacity: .mebibytes(200), rules: PressureRules(),
      at: Sample.time(0))
    return monitor
  }

  struct Row: Sendable {
    var gate: any MillraceCore.Gate
    var situation: Situation
    var verdict: GateVerdict
    var reason: String
    var remedy: String?
  }

  static let rows: [Row] = [
    Row(
      gate: RunnerGate(), situation: situation(), verdict: GateVerdict(gate: .runner, isOpen: true),
      reason: "the runner takes jobs"),
    Row(
      gate: RunnerGate(), situation: situation { $0.isDraining = true },
      verdict: GateVerdict(gate: .runner, isOpen: false), reason: "the runner is shutting down",
      remedy: "the next start of the runner"),
    Row(
      gate: SlotsGate(), situation: situation(),
      verdict: GateVerdict(gate: .slots, isOpen: true, need: 1, used: 1, capacity: 2),
      reason: "1 of 2 slots are taken"),
    Row(
      gate: SlotsGate(), situation: situation { $0.used.slots = 2 },
      verdict: GateVerdict(gate: .slots, isOpen: false, need: 1, used: 2, capacity: 2),
      reason: "2 of 2 slots are taken", remedy: "the end of an attempt, or more `capacity.slots`"),
    Row(
      gate: StaggerGate(), situation: situation { $0.lastStart = $0.now },
      verdict: GateVerdict(gate: .stagger, isOpen: true), reason: "the last start is long enough ago"),
    Row(
      gate: StaggerGate(),
      situation: situation {
        $0.policy.stagger = .seconds(3)
        $0.lastStart = Sample.time(98)
      },
      verdict: GateVerdict(gate: .stagger, isOpen: false, opensAt: Sample.time(101)),
      reason: "the last start is too short a time ago", remedy: "time alone"),
    Row(
      gate: StaggerGate(),
      situation: situation {
        $0.policy.stagger = .seconds(3)
        $0.lastStart = Sample.time(97)
      },
      verdict: GateVerdict(gate: .stagger, isOpen: true), reason: "the last start is long enough ago"),
    Row(
      gate: StaggerGate(),
      situation: situation {
        $0.pressure = pressure(160)
        $0.lastStart = $0.now
      },
      verdict: GateVerdict(gate: .stagger, isOpen: false, opensAt: Sample.time(101)),
      reason: "the last start is too short a time ago", remedy: "time alone"),
    Row(
      gate: MemoryGate(), situation: situation(),
      verdict: GateVerdict(
        gate: .memory, isOpen: true, need: 64 << 20, used: 100 << 20, capacity: 200 << 20),
      reason: "needs 64 MiB of memory, 100 MiB of 200 MiB is free"),
    Row(
      gate: MemoryGate(), situation: situation { $0.used.memory = .mebibytes(150) },
      verdict: GateVerdict(
        gate: .memory, isOpen: false, need: 64 << 20, used: 150 << 20, capacity: 200 << 20),
      reason: "needs 64 MiB of memory, 50 MiB of 200 MiB is free",
      remedy: "14 MiB more, by the end of attempts or a larger `capacity.memory`"),
    Row(
      gate: OvercommitGate(), situation: situation(),
      verdict: GateVerdict(
        gate: .overcommit, isOpen: true, need: 100 << 20, used: 150 << 20, capacity: 300 << 20),
      reason: "needs 100 MiB of limits, 150 MiB of 300 MiB is free"),
    Row(
      gate: OvercommitGate(), situation: situation { $0.used.committed = .mebibytes(201) },
      verdict: GateVerdict(
        gate: .overcommit, isOpen: false, need: 100 << 20, used: 201 << 20, capacity: 300 << 20),
      reason: "needs 100 MiB of limits, 99 MiB of 300 MiB is free",
      remedy: "the end of attempts with large limits, smaller limits, or a larger `capacity.overcommit`"),
    Row(
      gate: ProcessorGate(), situation: situation(),
      verdict: GateVerdict(gate: .cpu, isOpen: true, need: 1000, used: 2000, capacity: 2500),
      reason: "2000 m of 2500 m is in use, needs 1000 m"),
    Row(
      gate: ProcessorGate(), situation: situation { $0.policy.processors = .whole },
      verdict: GateVerdict(gate: .cpu, isOpen: false, need: 1000, used: 2000, capacity: 2500),
      reason: "2000 m of 2500 m is in use, needs 1000 m",
      remedy: "the end of an attempt, or a larger `capacity.cpu`"),
    Row(
      gate: ProcessorGate(), situation: situation { $0.used.cpuMillis = 2500 },
      verdict: GateVerdict(gate: .cpu, isOpen: false, need: 1000, used: 2500, capacity: 2500),
      reason: "2500 m of 2500 m is in use, needs 1000 m",
      remedy: "the end of an attempt, or a larger `capacity.cpu`"),
    Row(
      gate: PressureGate(), situation: situation(),
      verdict: GateVerdict(gate: .pressure, isOpen: true, subject: "there is none"), reason: "there is none"),
    Row(
      gate: PressureGate(), situation: situation { $0.pressure = pressure(160) },
      verdict: GateVerdict(
        gate: .pressure, isOpen: true, subject: "warning: the attempts use 160 MiB of 200 MiB"),
      reason: "warning: the attempts use 160 MiB of 200 MiB"),
    Row(
      gate: PressureGate(), situation: situation { $0.pressure = pressure(180) },
      verdict: GateVerdict(
        gate: .pressure, isOpen: false, subject: "critical: the attempts use 180 MiB of 200 MiB"),
      reason: "critical: the attempts use 180 MiB of 200 MiB", remedy: "less memory in use"),
  ]

  @Test("each gate of the machine is open or closed with its numbers and words", arguments: rows.indices)
  func machine(index: Int) {
    let row = Self.rows[index]
    let verdict = row.gate.verdict(on: Self.demand, in: row.situation)
    #expect(verdict == row.verdict)
    #expect(verdict.reason == row.reason)
    #expect(verdict.remedy == row.remedy)
  }

  /// The handler `work` within `inner` within `outer`, `count` of it running.
  private func handlers(
    running count: Int, _ rules: HandlerRules? = HandlerRules(), inner: GroupRules = GroupRules(),
    outer: GroupRules = GroupRules()
  ) -> HandlerSituation {
    var inner = inner
    inner.within = "outer"
    var handlers = HandlerSituation(groups: ["inner": inner, "outer": outer], of: ["work": "inner"])
    handlers.rules["work"] = rules
    for _ in 0..<count { handlers.begin(handlers.membership(of: "work"), at: Sample.time(0)) }
    return handlers
  }

  private func verdict(_ gate: GateVerdict.Gate, _ handlers: HandlerSituation) -> GateVerdict? {
    handlers.verdicts(on: handlers.membership(of: "work"), at: Sample.time(1)).first { $0.gate == gate }
  }

  @Test("a handler is there or it is not")
  func handler() {
    let there = verdict(.handler, handlers(running: 0))
    #expect(there == GateVerdict(gate: .handler, isOpen: true, subject: "work"))
    #expect(there?.reason == "`work` is loaded")
    let gone = verdict(.handler, handlers(running: 0, nil))
    #expect(gone == GateVerdict(gate: .handler, isOpen: false, subject: "work"))
    #expect(gone?.reason == "no plugin in use has a handler `work`")
    #expect(gone?.remedy == "a plugin with `work` in the plugin directory")
    let nowhere = handlers(running: 0, nil)
    #expect(!nowhere.isOpen(nowhere.membership(of: "work"), at: Sample.time(1)))
  }

  @Test("a handler's own bound")
  func concurrency() {
    let free = verdict(.concurrency, handlers(running: 1))
    #expect(free == GateVerdict(gate: .concurrency, isOpen: true, used: 1, subject: "work"))
    #expect(free?.reason == "1 of its handler run, there is no bound")
    let full = verdict(.concurrency, handlers(running: 2, HandlerRules(concurrency: 2)))
    #expect(
      full == GateVerdict(gate: .concurrency, isOpen: false, used: 2, capacity: 2, subject: "work"))
    #expect(full?.reason == "2 of its handler run, 2 may")
    #expect(full?.remedy == "the end of one of them, or a larger `concurrency` of the handler")
  }

  @Test("of a handler's groups the fullest speaks")
  func group() {
    let none = verdict(.group, handlers(running: 1))
    #expect(none == GateVerdict(gate: .group, isOpen: true))
    #expect(none?.reason == "it is in no group with a bound")
    let outer = verdict(
      .group, handlers(running: 2, inner: GroupRules(concurrency: 9), outer: GroupRules(concurrency: 2)))
    #expect(outer == GateVerdict(gate: .group, isOpen: false, used: 2, capacity: 2, subject: "outer"))
    #expect(outer?.reason == "2 of group `outer` run, 2 may")
    #expect(outer?.remedy == "the end of one of them, or a larger `concurrency` of the group")
    let inner = verdict(
      .group, handlers(running: 2, inner: GroupRules(concurrency: 3), outer: GroupRules(concurrency: 4)))
    #expect(inner == GateVerdict(gate: .group, isOpen: true, used: 2, capacity: 3, subject: "inner"))
  }

  @Test("of a handler's rates the one that opens last speaks")
  func rate() {
    let none = verdict(.rate, handlers(running: 1))
    #expect(none == GateVerdict(gate: .rate, isOpen: true))
    #expect(none?.reason == "there is no bound on the rate")
    let kept = verdict(.rate, handlers(running: 1, HandlerRules(rate: Rate(text: "2/min"))))
    #expect(
      kept == GateVerdict(gate: .rate, isOpen: true, subject: "the rate of `work`, 2 in 1 min 0 s,"))
    #expect(kept?.reason == "the rate of `work`, 2 in 1 min 0 s, is kept")
    let used = verdict(
      .rate,
      handlers(
        running: 2, HandlerRules(rate: Rate(text: "2/min")), outer: GroupRules(rate: Rate(text: "1/h"))))
    #expect(used?.isOpen == false)
    #expect(used?.opensAt == Sample.time(3600))
    #expect(used?.reason == "the rate of group `outer`, 1 in 1 h 0 min, is used up")
    #expect(used?.remedy == "time alone")
  }

  @Test("the gate of time tells when it opens")
  func notBefore() {
    let closed = GateVerdict(gate: .notBefore, isOpen: false, opensAt: Sample.time(9))
    #expect(closed.reason == "its time has not come")
    #expect(closed.remedy == "time alone")
    #expect(GateVerdict(gate: .notBefore, isOpen: true).reason == "its time has come")
  }

  @Test("the gate of the reservation tells how many come first, and whose place is kept")
  func reservation() {
    func verdict(_ isOpen: Bool, _ ahead: Int64, _ head: String? = nil) -> GateVerdict {
      GateVerdict(gate: .reservation, isOpen: isOpen, used: ahead, subject: head)
    }
    #expect(verdict(true, 0).reason == "it comes first")
    #expect(verdict(true, 3, "7").reason == "it delays nobody who comes first")
    #expect(verdict(false, 1, "7").reason == "1 job comes first; job 7 holds the reservation")
    #expect(verdict(false, 3).reason == "3 jobs come first")
    #expect(verdict(false, 3).remedy == "the start of those before it, or a smaller estimate or run time")
  }

  @Test("numbers that cannot be are taken for nothing")
  func negative() {
    let verdict = GateVerdict(gate: .memory, isOpen: false, need: -1, used: .min, capacity: .max)
    #expect(verdict.reason.hasPrefix("needs 0 B of memory"))
    #expect(verdict.remedy?.hasPrefix("0 B more") == true)
  }

  @Test("what needs more than there is in all is told so")
  func tooLarge() {
    let verdict = GateVerdict(gate: .memory, isOpen: false, need: 3 << 30, used: 0, capacity: 2 << 30)
    #expect(verdict.reason == "needs 3 GiB of memory, the runner has 2 GiB in all")
    #expect(verdict.remedy == "1 GiB more, by the end of attempts or a larger `capacity.memory`")
  }
}
