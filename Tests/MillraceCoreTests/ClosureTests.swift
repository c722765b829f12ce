import TestSupport
import Testing

@testable import MillraceCore

@Suite("Gates that hold back who comes first")
struct ClosureTests {
  @Test("are counted once in each pass that leaves it waiting")
  func passes() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1))
    #expect(rig.scheduler.closures.isEmpty)
    rig.run(Rig.job(2))
    #expect(rig.scheduler.closures == [.slots: 1])
    rig.run(Rig.job(3), Rig.job(4))
    #expect(rig.scheduler.closures == [.slots: 2], "a pass counts once, however many wait")
    rig.end(.id(1))
    #expect(rig.scheduler.closures == [.slots: 3], "one has started, the next one waits")
    rig.end(.id(2))
    rig.end(.id(3))
    #expect(rig.scheduler.closures == [.slots: 4], "nobody waits after the last start")
  }

  @Test("are told apart, and memory that is full is not taken for slots")
  func memory() {
    let rig = Rig(Rig.policy(memory: .mebibytes(100)))
    rig.run(Rig.job(1), Rig.job(2))
    #expect(rig.scheduler.closures == [.memory: 1])
  }

  @Test("count beside each other where a handler is closed and the one behind does not fit")
  func both() {
    let rig = Rig(
      Rig.policy(slots: 2), handlers: ["work": HandlerRules(), "other": HandlerRules(concurrency: 1)])
    rig.run(Rig.job(1, "other"), Rig.job(2, "other"), Rig.job(3))
    #expect(rig.scheduler.closures == [.concurrency: 1])
    rig.run(Rig.job(4))
    #expect(rig.scheduler.closures == [.concurrency: 2, .slots: 1])
  }

  @Test(
    "name what closes a handler",
    arguments: [
      (HandlerRules(rate: Rate(count: 1, per: .seconds(60))), GateVerdict.Gate.rate),
      (HandlerRules(concurrency: 1), .concurrency),
    ])
  func handlers(rules: HandlerRules, gate: GateVerdict.Gate) {
    let rig = Rig(handlers: ["work": rules])
    rig.run(Rig.job(1), Rig.job(2))
    #expect(rig.scheduler.closures == [gate: 1])
    #expect(rig.closedGates(2) == [gate])
  }

  @Test("name a handler that nobody has, and one that is paused")
  func paused() {
    let rig = Rig()
    _ = rig.send(.submitted([Rig.job(1, "gone")]))
    #expect(rig.scheduler.closures == [.handler: 1])
    let pause = Activity.Request.pause(Pause(by: "me", since: Sample.time(0)))
    _ = rig.send(.cancel(JobID(1)))
    _ = rig.send(.operate(.handler("work"), pause))
    rig.run(Rig.job(2))
    #expect(rig.scheduler.closures == [.handler: 2])
  }
}
