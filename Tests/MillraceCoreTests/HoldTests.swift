import TestSupport
import Testing

@testable import MillraceCore

@Suite("Holding and releasing")
struct HoldTests {
  @Test("a held job does not start, whatever is free, until it is released; its rank stays")
  func held() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1))
    rig.run(Rig.job(2), Rig.job(3))
    #expect(rig.send(.hold(JobID(2), true)) == [.held(JobID(2), true)])
    #expect(rig.closedGates(2) == [.slots, .hold] || Set(rig.closedGates(2)) == [.slots, .hold])
    #expect(rig.confirm(rig.end(.id(1))) == [.id(3)])
    #expect(rig.forecast(2) == Forecast(start: nil, basis: "it is held until somebody releases it"))
    #expect(rig.scheduler.heldCount == 1 && rig.scheduler.queuedCount == 1)
    rig.run(Rig.job(4))
    #expect(rig.send(.hold(JobID(2), false)).first == .held(JobID(2), false))
    #expect(rig.end(.id(3)).started == [.id(2)])
  }

  @Test("a running job that is held goes on, and its next attempt is held")
  func running() {
    let rig = Rig()
    rig.run(Rig.job(1))
    #expect(rig.send(.hold(JobID(1), true)) == [.held(JobID(1), true)])
    let next = rig.send(.ended(.id(1), .failure)).ends.first?.1
    #expect(next == .retry(notBefore: Sample.time(1)))
    #expect(rig.send(.timer, at: 1) == [.due(JobID(1))])
    #expect(rig.closedGates(1) == [.hold])
    #expect(rig.send(.hold(JobID(1), false)).started == [.id(1, 2)])
  }

  @Test("a job can be submitted held, given another priority, and cancelled")
  func submitted() {
    let rig = Rig()
    var job = Rig.job(1)
    job.isHeld = true
    #expect(rig.run(job) == [])
    #expect(rig.send(.reprioritise(JobID(1), Priority(rawValue: 9) ?? .default)).started == [])
    #expect(rig.send(.cancel(JobID(1))) == [.close(JobID(1), .cancelled, .cancelled)])
    #expect(rig.scheduler.queuedCount == 0 && rig.scheduler.heldCount == 0)
  }

  @Test("what is so already, and a job that has ended, change nothing")
  func nothing() {
    let rig = Rig()
    rig.run(Rig.job(1))
    #expect(rig.send(.hold(JobID(1), false)) == [])
    rig.end(.id(1))
    #expect(rig.send(.hold(JobID(1), true)) == [])
  }
}
