import TestSupport
import Testing

@testable import MillraceCore

@Suite("Stopping")
struct SchedulerStopTests {
  @Test("a queued job is cancelled at once, and its room in the queue is free")
  func cancelQueued() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3))
    #expect(rig.send(.cancel(JobID(2))) == [.cancelled(JobID(2))])
    #expect(!rig.scheduler.knows(JobID(2)))
    #expect(rig.scheduler.queuedCount == 1)
    #expect(rig.send(.ended(.id(1), .success)).started == [.id(3)])
  }

  @Test("cancelling the head of the queue lets the next one start")
  func cancelHead() {
    let rig = Rig(Rig.policy(memory: .mebibytes(100)))
    rig.run(Rig.job(1) { $0.limits.memory = .mebibytes(30) })
    let big = Rig.job(2) { $0.limits.memory = .mebibytes(90) }
    _ = rig.send(.submitted([big, Rig.job(3) { $0.timeout = .seconds(70) }]))
    let actions = rig.send(.cancel(JobID(2)))
    #expect(actions.first == .cancelled(JobID(2)))
    #expect(actions.started == [.id(3)])
  }

  @Test("a scheduled job is cancelled at once and never comes due")
  func cancelScheduled() {
    let rig = Rig()
    rig.run(Rig.job(1, notBefore: 60))
    #expect(rig.send(.cancel(JobID(1))) == [.cancelled(JobID(1))])
    #expect(rig.scheduler.nextTime == nil)
    #expect(rig.send(.timer, at: 60) == [])
  }

  @Test("a job that waits for its retry is cancelled at once")
  func cancelBackoff() {
    let rig = Rig()
    rig.run(Rig.job(1))
    _ = rig.send(.ended(.id(1), .crash))
    #expect(rig.send(.cancel(JobID(1))) == [.cancelled(JobID(1))])
  }

  @Test("a job that is starting is stopped as soon as it exists")
  func cancelStarting() {
    let rig = Rig()
    _ = rig.send(.submitted([Rig.job(1)]))
    #expect(rig.send(.cancel(JobID(1))) == [.cancelRequested(JobID(1))])
    #expect(rig.send(.started(.id(1))) == [.markRunning(.id(1)), .terminate(.id(1))])
    let ends = rig.send(.ended(.id(1), .killed)).ends
    #expect(ends.map(\.0.outcome) == [.cancelled])
    #expect(ends.map(\.1) == [.done(.cancelled)])
  }

  @Test("a job that was cancelled while it started, and could not be started, is cancelled")
  func cancelRefused() {
    let rig = Rig()
    _ = rig.send(.submitted([Rig.job(1)]))
    _ = rig.send(.cancel(JobID(1)))
    let ends = rig.send(.refused(.id(1), reason: "no memory")).ends
    #expect(ends.map(\.0.outcome) == [.cancelled])
    #expect(ends.map(\.1) == [.done(.cancelled)])
  }

  @Test("a running job is asked to end, and killed when its grace is over")
  func cancelRunning() {
    let rig = Rig()
    rig.run(Rig.job(1))
    #expect(rig.send(.cancel(JobID(1)), at: 10) == [.cancelRequested(JobID(1)), .terminate(.id(1))])
    #expect(rig.send(.cancel(JobID(1)), at: 12) == [.cancelRequested(JobID(1))])
    #expect(rig.scheduler.nextTime == Sample.time(15))
    #expect(rig.send(.timer, at: 14) == [])
    #expect(rig.send(.timer, at: 15) == [.kill(.id(1))])
    #expect(rig.send(.timer, at: 16) == [])
    #expect(rig.scheduler.nextTime == nil)
    #expect(rig.send(.ended(.id(1), .killed)).ends.map(\.1) == [.done(.cancelled)])
  }

  @Test("a job that succeeds although it was cancelled has succeeded")
  func cancelledTooLate() {
    let rig = Rig()
    rig.run(Rig.job(1))
    _ = rig.send(.cancel(JobID(1)))
    #expect(rig.send(.ended(.id(1), .success)).ends.map(\.1) == [.done(.succeeded)])
  }

  @Test("cancelling a job that has ended, or never was, does nothing")
  func cancelEnded() {
    let rig = Rig()
    rig.run(Rig.job(1))
    _ = rig.send(.ended(.id(1), .success))
    #expect(rig.send(.cancel(JobID(1))) == [])
    #expect(rig.send(.cancel(JobID(99))) == [])
  }

  @Test("an attempt whose time is up is asked to end, then killed; then it is tried again")
  func timeout() {
    let rig = Rig()
    rig.run(Rig.job(1))
    #expect(rig.scheduler.nextTime == Sample.time(60))
    #expect(rig.send(.timer, at: 59) == [])
    #expect(rig.send(.timer, at: 60) == [.terminate(.id(1))])
    #expect(rig.send(.timer, at: 65) == [.kill(.id(1))])
    let ends = rig.send(.ended(.id(1), .killed), at: 66).ends
    #expect(ends.map(\.0.outcome) == [.timedOut])
    #expect(ends.map(\.1) == [.retry(notBefore: Sample.time(67))])
  }

  @Test("times that come together are acted on in the order of attempts")
  func together() {
    let rig = Rig()
    rig.run(Rig.job(3), Rig.job(1), Rig.job(2))
    #expect(rig.send(.timer, at: 60) == [.terminate(.id(1)), .terminate(.id(2)), .terminate(.id(3))])
  }

  @Test("an attempt that is stuck at its memory limit is killed at once, and its job fails")
  func thrashing() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.timeout = .seconds(600) })
    var actions: [Action] = []
    for second in 1...20 {
      let sample = UsageSample(
        workingSet: .mebibytes(64), cpu: .seconds(second), memoryLimitHits: Int64(second) * 2000)
      actions += rig.sample([.id(1): sample], at: Int64(second))
    }
    #expect(actions == [.kill(.id(1))])
    let ends = rig.send(.ended(.id(1), .killed)).ends
    #expect(ends.map(\.0.outcome) == [.oomOwnLimit])
    #expect(ends.map(\.1) == [.retry(notBefore: Sample.time(21))])
  }

  @Test("what is said of an attempt that has ended is passed over")
  func late() {
    let rig = Rig()
    rig.run(Rig.job(1))
    _ = rig.send(.ended(.id(1), .success))
    #expect(rig.send(.started(.id(1))) == [])
    #expect(rig.sample([.id(1): UsageSample(workingSet: Bytes(1))]) == [])
  }

  @Test("a drain starts nothing more, lets run what runs, and ends with it")
  func drain() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3, notBefore: 10))
    #expect(rig.send(.drain) == [])
    #expect(rig.scheduler.isDraining && !rig.scheduler.isDrained)
    #expect(rig.reason(.runner, 2) == "the runner is shutting down")
    #expect(rig.send(.submitted([Rig.job(4)])) == [])
    #expect(rig.send(.timer, at: 10) == [.due(JobID(3))])
    let actions = rig.send(.ended(.id(1), .crash))
    #expect(actions.started == [])
    #expect(actions.ends.map(\.1) == [.retry(notBefore: Sample.time(11))])
    #expect(rig.scheduler.isDrained)
    #expect(rig.scheduler.queuedCount == 3)
  }

  @Test("an adopted attempt counts, has its time limit from its true start, and can be cancelled")
  func adoption() {
    let rig = Rig(Rig.policy(slots: 1), handlers: ["work": HandlerRules(concurrency: 1)])
    var job = Rig.job(1)
    job.attempts = 2
    job.attemptsUsed = 1
    #expect(rig.adopt(job, number: 2, started: -50) == [])
    #expect(rig.scheduler.attempt(of: JobID(1)) == .id(1, 2))
    #expect(rig.scheduler.runningCount == 1)
    #expect(rig.used.memory == .mebibytes(64))
    #expect(rig.scheduler.nextTime == Sample.time(10))
    #expect(rig.send(.submitted([Rig.job(2)])) == [])
    #expect(rig.closedGates(2) == [.concurrency, .slots])
    #expect(rig.send(.cancel(JobID(1)), at: 5) == [.cancelRequested(JobID(1)), .terminate(.id(1, 2))])
    let actions = rig.send(.ended(.id(1, 2), .killed))
    #expect(actions.ends.map(\.1) == [.done(.cancelled)])
    #expect(actions.started == [.id(2)])
  }

  @Test("an adopted attempt that fails is tried again under the next number")
  func adoptedRetry() {
    let rig = Rig()
    var job = Rig.job(1)
    job.attempts = 1
    _ = rig.adopt(job, number: 1, started: 0)
    _ = rig.send(.ended(.id(1), .crash), at: 10)
    #expect(rig.send(.timer, at: 11).started == [.id(1, 2)])
  }

  @Test("an adopted attempt whose time was up long ago is stopped at the first look")
  func adoptedTooLate() {
    let rig = Rig()
    _ = rig.adopt(Rig.job(1), number: 1, started: -500)
    #expect(rig.send(.timer) == [.terminate(.id(1))])
    #expect(rig.scheduler.nextTime == Sample.time(5))
  }

  @Test("what was accepted twice is our own mistake, and traps")
  func acceptedTwice() async {
    await #expect(processExitsWith: .failure) {
      let rig = Rig()
      _ = rig.send(.submitted([Rig.job(1), Rig.job(1)]))
    }
  }
}
