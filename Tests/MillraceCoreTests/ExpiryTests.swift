import TestSupport
import Testing

@testable import MillraceCore

@Suite("Bounds on a job's time")
struct ExpiryTests {
  private static func close(_ job: Int64, _ reason: EndReason) -> Action {
    .close(JobID(job), .failed, reason)
  }

  @Test("a job that is not started in time has failed")
  func startWithin() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2) { $0.startWithin = .seconds(30) })
    #expect(rig.explanation(2)?.expires == Sample.time(30))
    #expect(rig.scheduler.nextTime == Sample.time(30))
    #expect(rig.send(.timer, at: 29) == [])
    #expect(rig.send(.timer, at: 30) == [Self.close(2, .expired(.seconds(30)))])
    #expect(!rig.scheduler.knows(JobID(2)))
    #expect(rig.scheduler.nextTime == Sample.time(60))
  }

  @Test("a job that waits for its time, and one without its handler, expire too")
  func others() {
    let rig = Rig()
    _ = rig.send(
      .submitted([
        Rig.job(1, notBefore: 100) { $0.startWithin = .seconds(10) },
        Rig.job(2, "unknown") { $0.startWithin = .seconds(10) },
      ]))
    #expect(
      rig.send(.timer, at: 10) == [
        Self.close(1, .expired(.seconds(10))), Self.close(2, .expired(.seconds(10))),
      ])
  }

  @Test("a job that waits for others expires too, and those that wait for it are told")
  func blocked() {
    let rig = Rig()
    rig.run(Rig.job(1))
    let needed = { (job: Int64) in [Dependency(.job(JobID(job)))] }
    _ = rig.send(.blocked([BlockedJob(Rig.job(2) { $0.startWithin = .seconds(10) }, waitsFor: needed(1))]))
    _ = rig.send(.blocked([BlockedJob(Rig.job(3), waitsFor: needed(2))]))
    #expect(rig.scheduler.nextTime == Sample.time(10))
    let actions = rig.send(.timer, at: 10)
    #expect(actions.first == Self.close(2, .expired(.seconds(10))))
    #expect(!rig.scheduler.knows(JobID(3)))
    _ = rig.send(.blocked([BlockedJob(Rig.job(4) { $0.startWithin = .seconds(30) }, waitsFor: needed(1))]))
    rig.confirm(rig.end(.id(1), at: 20))
    #expect(rig.scheduler.nextTime == Sample.time(80))
  }

  @Test("a bound on the start is over with the first start")
  func startedInTime() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.startWithin = .seconds(10) })
    _ = rig.send(.ended(.id(1), .failure), at: 9)
    #expect(rig.confirm(rig.send(.timer, at: 11)) == [.id(1, 2)])
    #expect(rig.scheduler.nextTime == Sample.time(71))
  }

  @Test("nothing starts that comes in too late")
  func tooLate() {
    let rig = Rig()
    let actions = rig.send(.submitted([Rig.job(1, at: 0) { $0.startWithin = .seconds(5) }]), at: 5)
    #expect(actions == [Self.close(1, .expired(.seconds(5)))])
  }

  @Test("a running attempt is stopped at the deadline of its job, which has failed by that")
  func finishWithin() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.finishWithin = .seconds(20) })
    #expect(rig.scheduler.nextTime == Sample.time(20))
    #expect(rig.send(.timer, at: 20) == [.terminate(.id(1))])
    let ends = rig.send(.ended(.id(1), .killed), at: 21).ends
    #expect(ends.map(\.0.outcome) == [.timedOut])
    #expect(ends.first?.0.failure?.code == "deadline")
    #expect(ends.map(\.1) == [.done(.failed, because: .deadline(.seconds(20)))])
  }

  @Test("a frozen attempt is let go and stopped at the deadline: it is wall time")
  func frozen() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.finishWithin = .seconds(20) }, Rig.job(2))
    let id = AttemptID.id(1)
    #expect(rig.scheduler.advance(id, by: .freezeRequested, at: Sample.time(5)) == [.freeze(id)])
    #expect(rig.scheduler.nextTime == Sample.time(20))
    #expect(rig.send(.timer, at: 20) == [.thaw(id), .terminate(id)])
  }

  @Test("a retry that would come too late is none")
  func lateRetry() {
    let rig = Rig()
    rig.run(
      Rig.job(1) {
        $0.finishWithin = .seconds(20)
        $0.retryDelay = .seconds(15)
      })
    let ends = rig.send(.ended(.id(1), .failure), at: 5).ends
    #expect(ends.map(\.1) == [.done(.failed, because: .deadline(.seconds(20)))])
    rig.run(Rig.job(2) { $0.finishWithin = .seconds(30) })
    #expect(
      rig.send(.ended(.id(2), .pressure), at: 30).ends.map(\.1) == [
        .done(.failed, because: .deadline(.seconds(30)))
      ])
  }

  @Test("a job that succeeds after it was told to stop has succeeded")
  func lateSuccess() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.finishWithin = .seconds(20) })
    _ = rig.send(.timer, at: 20)
    #expect(rig.send(.ended(.id(1), .success)).ends.map(\.1) == [.done(.succeeded)])
  }

  @Test("what will expire is told no start")
  func forecast() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2) { $0.startWithin = .seconds(30) })
    #expect(rig.forecast(2).start == nil)
    #expect(rig.forecast(2).basis.contains("waited for too long"))
  }

  @Test("a cancelled job, and one with another priority, leave nothing behind that expires")
  func leftOvers() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(
      Rig.job(1), Rig.job(2) { $0.startWithin = .seconds(30) }, Rig.job(3) { $0.startWithin = .seconds(40) })
    _ = rig.send(.cancel(JobID(2)))
    _ = rig.send(.reprioritise(JobID(3), Priority(rawValue: 9) ?? .default))
    #expect(rig.scheduler.nextTime == Sample.time(40))
    #expect(rig.send(.timer, at: 40) == [Self.close(3, .expired(.seconds(40)))])
    #expect(rig.scheduler.nextTime == Sample.time(60))
  }
}
