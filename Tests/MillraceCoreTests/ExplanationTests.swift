import TestSupport
import Testing

@testable import MillraceCore

@Suite("Why a job waits")
struct ExplanationTests {
  private func isTold(_ gates: [GateVerdict]) -> Bool {
    gates.map(\.gate).sorted { $0.rawValue < $1.rawValue }
      == GateVerdict.Gate.ofThisMachine.sorted { $0.rawValue < $1.rawValue }
  }

  @Test("every gate is told once, open or closed, in one order")
  func everyGate() {
    let rig = Rig(
      Rig.policy(slots: 1, memory: .mebibytes(100), cpuMillis: 1000),
      handlers: ["work": HandlerRules(concurrency: 1)])
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3, notBefore: 60), Rig.job(4, "unknown"))
    for job in [2, 3, 4] as [Int64] { #expect(isTold(rig.verdicts(job))) }
    #expect(
      rig.verdicts(2).map(\.gate) == [
        .runner, .handler, .concurrency, .group, .rate, .breaker, .hold, .dependency, .notBefore, .slots,
        .stagger,
        .memory,
        .overcommit, .cpu, .pressure, .reservation,
      ])
    #expect(rig.closedGates(2) == [.concurrency, .slots, .memory, .cpu])
    #expect(rig.closedGates(3) == [.concurrency, .notBefore, .slots, .memory, .cpu])
    #expect(rig.closedGates(4).first == .handler)
    _ = rig.send(.drain)
    #expect(rig.closedGates(2).first == .runner)
    for verdict in rig.verdicts(2) {
      #expect(verdict.isOpen == (verdict.remedy == nil))
      #expect(!verdict.reason.isEmpty)
      #expect(!verdict.isOpen || verdict.opensAt == nil)
    }
  }

  @Test("what does not wait is not explained")
  func notWaiting() {
    let rig = Rig()
    rig.run(Rig.job(1))
    #expect(rig.explanation(1) == nil)
    #expect(rig.explanation(99) == nil)
  }

  @Test("those ahead are the jobs that rank before it and may start, and its own handler's")
  func ahead() {
    let rig = Rig(
      Rig.policy(slots: 1) { $0.backfill = .none },
      handlers: ["work": HandlerRules(), "other": HandlerRules(), "full": HandlerRules(concurrency: 1)])
    rig.run(Rig.job(1, "full"))
    rig.run(
      Rig.job(2), Rig.job(3, "other"), Rig.job(4, "full"), Rig.job(5, "unknown"), Rig.job(6, priority: 9),
      Rig.job(7), Rig.job(8, "full"), Rig.job(9, notBefore: 99))
    #expect(rig.explanation(6)?.ahead == 0)
    #expect(rig.explanation(2)?.ahead == 1)
    #expect(rig.explanation(7)?.ahead == 3)
    #expect(rig.explanation(8)?.ahead == 5)
    #expect(rig.explanation(9)?.ahead == nil)
    #expect(rig.reason(.reservation, 7) == "3 jobs come first; job 6 holds the reservation")
    #expect(rig.reason(.reservation, 6) == "it comes first")
  }

  @Test("tells what the job is expected to need, and on what that rests")
  func estimate() {
    let rig = Rig(Rig.policy(slots: 1))
    _ = rig.send(.learned((1...20).map { _ in EstimateTests.evidence(12) }))
    rig.run(Rig.job(1), Rig.job(2))
    #expect(rig.explanation(2)?.estimate.memory == .mebibytes(12))
    #expect(rig.explanation(2)?.estimate.memoryBasis.text == "p95 of 20 runs")
    #expect(rig.verdicts(2).first { $0.gate == .memory }?.need == 12 << 20)
    #expect(Basis.declared.text == "declared" && Basis.maximum(of: 7).text == "the most of 7 runs")
  }

  @Test("a job that is not submitted yet is explained as if it were, and nothing changes")
  func ofNew() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3))
    let first = rig.scheduler.explanation(ofNew: Rig.job(99, priority: 10), at: rig.now)
    #expect(first.ahead == 0)
    #expect(first.gates.filter { !$0.isOpen }.map(\.gate) == [.slots])
    let last = rig.scheduler.explanation(ofNew: Rig.job(99, "nowhere"), at: rig.now)
    #expect(last.ahead == 2)
    #expect(isTold(last.gates))
    #expect(rig.scheduler.queuedCount == 2)
    #expect(rig.end(.id(1)).started == [.id(2)])
  }

  @Test("the gate that held a job back while it was first is recorded with its start")
  func heldBy() {
    let rig = Rig(Rig.policy(slots: 2, memory: .mebibytes(100)))
    rig.run(Rig.job(1))
    #expect(rig.run(Rig.job(2)) == [])
    rig.sample([.id(1): UsageSample(workingSet: .mebibytes(20))], at: 5)
    let actions = rig.sample([.id(1): UsageSample(workingSet: .mebibytes(20))], at: 10)
    #expect(
      actions.admissions.first?.heldBy
        == GateVerdict(gate: .memory, isOpen: false, need: 64 << 20, used: 64 << 20, capacity: 100 << 20))
    #expect(Rig().send(.submitted([Rig.job(1)])).admissions.first?.heldBy == nil)
  }

  @Test(
    "a job that outgrew the machine by what was learned holds nobody back, and comes back when it shrinks")
  func outgrown() {
    let rig = Rig(Rig.policy(slots: 1, memory: .mebibytes(300)))
    func learn(_ peak: Int64) -> Event {
      .learned((1...200).map { _ in EstimateTests.evidence(peak, handler: "big") })
    }
    _ = rig.send(.handlers(["work": HandlerRules(), "big": HandlerRules()]))
    _ = rig.send(learn(100))
    rig.run(Rig.job(1))
    rig.run(Rig.job(2, "big") { $0.limits.memory = .mebibytes(1000) }, Rig.job(3), Rig.job(4))
    #expect(rig.closedGates(2) == [.slots])
    _ = rig.send(learn(400))
    #expect(rig.confirm(rig.end(.id(1))) == [.id(3)])
    #expect(rig.reason(.memory, 2) == "needs 400 MiB of memory, the runner has 300 MiB in all")
    #expect(rig.forecast(2).start == nil)
    #expect(rig.scheduler.queuedCount == 2)
    _ = rig.send(learn(100))
    #expect(rig.confirm(rig.end(.id(3))) == [.id(2)])
    #expect(rig.end(.id(2)).started == [.id(4)])
  }
}
