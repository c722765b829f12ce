import TestSupport
import Testing

@testable import MillraceCore

@Suite("Giving a job another priority")
struct ReprioritiseTests {
  private func priority(_ value: Int) -> Priority { Priority(rawValue: value) ?? .default }

  private func give(_ job: Int64, _ value: Int) -> Event { .reprioritise(JobID(job), priority(value)) }

  @Test("moves a waiting job to where it would be, had it been submitted so")
  func waiting() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2, at: 1), Rig.job(3, at: 2), Rig.job(4, at: 3))
    #expect(rig.send(give(4, 6)) == [.reprioritised(JobID(4), priority(6))])
    #expect(rig.explanation(4)?.ahead == 0)
    #expect(rig.send(give(2, 1)) == [.reprioritised(JobID(2), priority(1))])
    #expect(rig.explanation(2)?.ahead == 2)
    #expect(rig.confirm(rig.end(.id(1))) == [.id(4)])
    #expect(rig.confirm(rig.end(.id(4))) == [.id(3)])
    #expect(rig.confirm(rig.end(.id(3))) == [.id(2)])
  }

  @Test("keeps the time that it has waited")
  func keepsWaiting() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1))
    _ = rig.send(.submitted([Rig.job(2, priority: 1, at: 0)]))
    _ = rig.send(.submitted([Rig.job(3, priority: 5, at: 1000)]), at: 1000)
    _ = rig.send(give(2, 5), at: 2000)
    // Equal priority now, and it has waited longer.
    let actions = rig.end(.id(1))
    #expect(actions.started == [.id(2)])
    guard case .start(_, let job, _, _)? = actions.last else { return #expect(Bool(false)) }
    #expect(job.waitingSince == Sample.time(0) && job.enqueued == Sample.time(0))
    #expect(job.priority == priority(5))
  }

  @Test("lets a job start that now comes first")
  func startsAtOnce() {
    let rig = Rig(Rig.policy(memory: .mebibytes(100)) { $0.backfill = .none })
    rig.run(Rig.job(1) { $0.limits.memory = .mebibytes(30) })
    rig.run(Rig.job(2) { $0.limits.memory = .mebibytes(90) }, Rig.job(3))
    #expect(rig.send(give(3, 9)).started == [.id(3)])
  }

  @Test("of a scheduled job counts when its time comes")
  func scheduled() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2, notBefore: 10), Rig.job(3, at: 0))
    #expect(rig.send(give(2, 9)) == [.reprioritised(JobID(2), priority(9))])
    #expect(rig.scheduler.scheduledCount == 1)
    #expect(rig.scheduler.nextTime == Sample.time(10))
    #expect(rig.send(.timer, at: 10) == [.due(JobID(2))])
    #expect(rig.end(.id(1)).started == [.id(2)])
  }

  @Test("of a running job counts for who is frozen, and for its next attempt")
  func running() {
    let rig = Rig(Rig.policy(slots: 2, memory: .mebibytes(1000)))
    rig.run(Rig.job(1), Rig.job(2))
    _ = rig.send(.submitted([Rig.job(3)]))
    #expect(rig.send(give(1, 1)) == [.reprioritised(JobID(1), priority(1))])
    let short = MachineSample(treeMemory: .mebibytes(950))
    rig.sample([:], short, at: 0)
    #expect(rig.sample([:], short, at: 10).first == .freeze(.id(1)))
    rig.sample([:], MachineSample(), at: 11)
    #expect(rig.confirm(rig.send(.ended(.id(1), .pressure), at: 12)) == [.id(3)])
    #expect(rig.explanation(1)?.ahead == 0)
    _ = rig.send(.submitted([Rig.job(4, at: 12)]))
    #expect(rig.explanation(1)?.ahead == 1)
  }

  @Test("of a job that has ended, or never was, does nothing")
  func ended() {
    let rig = Rig()
    rig.run(Rig.job(1))
    rig.end(.id(1))
    #expect(rig.send(give(1, 9)) == [])
    #expect(rig.send(give(99, 9)) == [])
  }

  @Test("of a job that is too large for the machine is kept for when it is not")
  func parked() {
    let rig = Rig(Rig.policy(memory: .mebibytes(100)))
    rig.run(Rig.job(1) { $0.limits.memory = .mebibytes(101) })
    #expect(rig.send(give(1, 9)) == [.reprioritised(JobID(1), priority(9))])
    #expect(rig.scheduler.queuedCount == 1)
    #expect(rig.send(.cancel(JobID(1))) == [.cancelled(JobID(1))])
    #expect(rig.scheduler.queuedCount == 0)
  }
}
