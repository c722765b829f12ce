import TestSupport
import Testing

@testable import MillraceCore

@Suite("Another policy while jobs wait and run")
struct PolicyChangeTests {
  @Test("with less capacity than what runs takes, nothing starts until it fits")
  func less() {
    let rig = Rig(Rig.policy(slots: 3))
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3), Rig.job(4))
    #expect(rig.send(.policy(Rig.policy(slots: 1))) == [])
    #expect(rig.closedGates(4) == [.slots])
    #expect(rig.end(.id(1)).started == [])
    #expect(rig.end(.id(2)).started == [])
    #expect(rig.end(.id(3)).started == [.id(4)])
  }

  @Test("with more of it, whoever waits starts at once")
  func more() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3))
    #expect(rig.send(.policy(Rig.policy(slots: 2))).started == [.id(2)])
  }

  @Test("a job that no longer fits at all is put aside, holds nobody back, and comes back when it fits again")
  func parked() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1))
    let big = Rig.job(2) { $0.limits.memory = .mebibytes(1000) }
    rig.run(big, Rig.job(3))
    _ = rig.send(.policy(Rig.policy(slots: 1, memory: .mebibytes(500))))
    #expect(rig.confirm(rig.end(.id(1))) == [.id(3)])
    #expect(rig.closedGates(2).contains(.memory))
    #expect(rig.scheduler.queuedCount == 1)
    _ = rig.send(.policy(Rig.policy(slots: 1)))
    #expect(rig.end(.id(3)).started == [.id(2)])
  }

  @Test("ranks that are fixed stay, those of newcomers follow the new aging")
  func ranks() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1))
    rig.run(Rig.job(2, priority: 6, at: 0))
    // A step was worth 1800 s, now it is worth nothing to speak of.
    _ = rig.send(.policy(Rig.policy(slots: 1) { $0.aging = .seconds(1) }))
    rig.run(Rig.job(3, priority: 6, at: 0))
    #expect(rig.confirm(rig.end(.id(1))) == [.id(2)])
    #expect(rig.end(.id(2)).started == [.id(3)])
  }

  @Test("a group that is configured while jobs of it wait has its new bounds and order at once")
  func groups() {
    let rig = Rig()
    let line = (1...4).map { number -> WaitingJob in
      var job = Rig.job(Int64(number), priority: number == 4 ? 10 : 5)
      job.group = "line"
      return job
    }
    #expect(rig.confirm(rig.send(.submitted(line))) == [.id(1)])
    let configured = Rig.policy { $0.groups = ["line": GroupRules(concurrency: 2)] }
    #expect(rig.confirm(rig.send(.policy(configured))) == [.id(4)])
    // And it is as it was without its configuration.
    #expect(rig.send(.policy(Rig.policy())).started == [])
    #expect(rig.end(.id(4)).started == [])
    #expect(rig.confirm(rig.end(.id(1))) == [.id(2)])
    #expect(rig.end(.id(2)).started == [.id(3)])
  }

  @Test("what is paused, held or scheduled stays so")
  func kept() {
    let rig = Rig()
    var held = Rig.job(1)
    held.isHeld = true
    rig.run(held, Rig.job(2, notBefore: 50))
    _ = rig.send(.operate(.handler("other"), .pause(Pause(by: "ann", since: rig.now))))
    #expect(rig.send(.policy(Rig.policy { $0.groups = ["g": GroupRules(concurrency: 1)] })) == [])
    #expect(rig.closedGates(1) == [.hold] && rig.closedGates(2) == [.notBefore])
    #expect(rig.run(Rig.job(3, "other")) == [])
    #expect(rig.send(.timer, at: 50).started == [.id(2)])
  }
}
