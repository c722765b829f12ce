import TestSupport
import Testing

@testable import MillraceCore

@Suite("The ends of attempts")
struct SchedulerEndingTests {
  private static func retry(_ seconds: Int64) -> AfterAttempt { .retry(notBefore: Sample.time(seconds)) }

  @Test(
    "the first attempt's outcome decides where its job goes",
    arguments: [
      (.success, .succeeded, .done(.succeeded)), (.failure, .error, retry(11)), (.crash, .crashed, retry(11)),
      (.ownLimit, .oomOwnLimit, retry(11)), (.pressure, .oomPressure, .requeue),
      (.unknown, .lost, retry(11)),
    ] as [(AttemptReport, Outcome, AfterAttempt)])
  func first(report: AttemptReport, outcome: Outcome, next: AfterAttempt) {
    let rig = Rig()
    rig.run(Rig.job(1))
    let ends = rig.send(.ended(.id(1), report), at: 10).ends
    #expect(ends.map(\.0.outcome) == [outcome])
    #expect(ends.map(\.1) == [next])
    #expect(ends.first?.0.ended == Sample.time(10))
    #expect(rig.scheduler.knows(JobID(1)) == (next != .done(.succeeded) && next != .done(.failed)))
  }

  @Test("jobs that are withdrawn leave their places to others, and nothing else")
  func withdrawn() {
    let rig = Rig(Rig.policy(slots: 1))
    #expect(rig.send(.submitted([Rig.job(1), Rig.job(2), Rig.job(3, notBefore: 50)])).started == [.id(1)])
    #expect(rig.send(.withdrawn([JobID(1), JobID(3)])).started == [.id(2)])
    #expect(!rig.scheduler.knows(JobID(1)) && !rig.scheduler.knows(JobID(3)))
    #expect(rig.scheduler.runningCount == 1 && rig.scheduler.scheduledCount == 0)
    #expect(rig.send(.withdrawn([JobID(2)])) == [])
    #expect(rig.scheduler.runningCount == 0 && rig.scheduler.nextTime == nil)
    #expect(rig.send(.submitted([Rig.job(1)])).started == [.id(1)])
  }

  @Test("a result is recorded of a success only")
  func result() {
    let result = JobResult(mediaType: "text/plain", bytes: [1])
    let rig = Rig()
    rig.run(Rig.job(1), Rig.job(2))
    let usage = Usage(memoryPeak: Bytes(7))
    let good = rig.send(
      .ended(.id(1), AttemptReport(exit: .exited(code: 0), usage: usage, word: .done(result)))
    ).ends
    let bad = rig.send(
      .ended(.id(2), AttemptReport(exit: .exited(code: 1), usage: usage, word: .done(result)))
    ).ends
    #expect(good.first?.0.result == result)
    #expect(good.first?.0.failure == nil)
    #expect(bad.first?.0.result == nil)
    #expect(bad.first?.0.failure?.code == "no_word")
    #expect(good.first?.0.usage == usage && bad.first?.0.usage == usage)
  }

  @Test("the wait doubles with each attempt, up to an hour, and the last failure is the job's")
  func backoff() {
    let rig = Rig()
    rig.run(
      Rig.job(1) { terms in
        terms.maxAttempts = 14
        terms.retryDelay = .seconds(2)
      })
    var waits: [Int64] = []
    for number in 1...14 {
      let ends = rig.send(.ended(.id(1, number), .failure)).ends
      guard case .retry(let time)? = ends.first?.1 else {
        #expect(ends.first?.1 == .done(.failed))
        #expect(number == 14)
        break
      }
      waits.append((time - Sample.time(rig.seconds)).microseconds / 1_000_000)
      let actions = rig.send(.timer, at: rig.seconds + (waits.last ?? 0))
      #expect(actions.started == [.id(1, number + 1)])
      _ = rig.send(.started(.id(1, number + 1)))
    }
    #expect(waits == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600])
    #expect(!rig.scheduler.knows(JobID(1)))
  }

  @Test("a retry without a delay starts again at once when its time is looked at")
  func noDelay() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.retryDelay = .zero })
    _ = rig.send(.ended(.id(1), .crash), at: 10)
    #expect(rig.scheduler.nextTime == Sample.time(10))
    #expect(rig.send(.timer).started == [.id(1, 2)])
  }

  @Test("a handler that says that another attempt won't help gets none")
  func notRetryable() {
    let rig = Rig()
    rig.run(Rig.job(1))
    let failure = Failure(code: "bad", message: "no picture", isRetryable: false)
    let report = AttemptReport(exit: .exited(code: 1), usage: Usage(), word: .failed(failure))
    let ends = rig.send(.ended(.id(1), report)).ends
    #expect(ends.map(\.1) == [.done(.failed)])
    #expect(ends.first?.0.failure == failure)
  }

  @Test("pressure by others takes no attempt away; after three times at once the job waits longer each time")
  func requeue() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1) { $0.maxAttempts = 1 })
    var waits: [Int64] = []
    for number in 1...8 {
      let ends = rig.send(.ended(.id(1, number), .pressure)).ends
      #expect(ends.map(\.0.outcome) == [.oomPressure])
      if case .retry(let time)? = ends.first?.1 {
        waits.append((time - rig.now).microseconds / 1_000_000)
        _ = rig.send(.timer, at: rig.seconds + (waits.last ?? 0))
      } else {
        #expect(ends.map(\.1) == [.requeue])
        waits.append(0)
      }
      _ = rig.send(.started(.id(1, number + 1)))
    }
    #expect(waits == [0, 0, 0, 1, 2, 4, 8, 16])
    #expect(rig.send(.ended(.id(1, 9), .crash)).ends.map(\.1) == [.done(.failed)])
  }

  @Test("lost attempts cost none, wait longer each time, and the fifth in a row fails the job")
  func lost() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.maxAttempts = 1 })
    for (number, wait) in [1, 2, 4, 8].enumerated() {
      let id = AttemptID.id(1, number + 1)
      let event = number % 2 == 0 ? Event.ended(id, .unknown) : .refused(id, reason: "no memory")
      let ends = rig.send(event).ends
      #expect(ends.map(\.0.outcome) == [.lost])
      #expect(ends.map(\.1) == [Self.retry(rig.seconds + Int64(wait))])
      _ = rig.send(.timer, at: rig.seconds + Int64(wait))
      if number % 2 == 1 { _ = rig.send(.started(.id(1, number + 2))) }
    }
    let ends = rig.send(.refused(.id(1, 5), reason: "no memory")).ends
    #expect(ends.map(\.1) == [.done(.failed)])
    #expect(ends.first?.0.failure == Failure(code: "not_started", message: "no memory", isRetryable: true))
  }

  @Test("any other end begins the count of losses anew")
  func lossesInterrupted() {
    let rig = Rig()
    rig.run(Rig.job(1))
    for number in 1...12 {
      let report = number % 4 == 0 ? AttemptReport.pressure : .unknown
      let ends = rig.send(.ended(.id(1, number), report)).ends
      #expect(ends.map(\.1) != [.done(.failed)])
      if let next = rig.scheduler.nextTime {
        _ = rig.send(.timer, at: (next - Sample.time(0)).microseconds / 1_000_000)
      }
      _ = rig.send(.started(.id(1, number + 1)))
    }
  }

  @Test("each attempt is recorded with when its own wait began")
  func waitingSince() {
    func queued(_ actions: [Action]) -> [Timestamp] {
      actions.compactMap { if case .start(_, let job, _, _) = $0 { job.waitingSince } else { nil } }
    }
    let rig = Rig()
    #expect(queued(rig.send(.submitted([Rig.job(1, at: -3)]))) == [Sample.time(-3)])
    #expect(queued(rig.send(.ended(.id(1), .pressure), at: 10)) == [Sample.time(10)])
    #expect(queued(rig.send(.ended(.id(1, 2), .crash), at: 20)) == [])
    #expect(queued(rig.send(.timer, at: 25)) == [Sample.time(21)])
    _ = rig.send(.submitted([Rig.job(2, notBefore: 30)]))
    #expect(queued(rig.send(.timer, at: 35)) == [Sample.time(30)])
  }

  @Test("attempts of former runners count")
  func earlierAttempts() {
    var job = Rig.job(1)
    job.attempts = 4
    job.attemptsUsed = 2
    let rig = Rig()
    #expect(rig.run(job) == [.id(1, 5)])
    #expect(rig.send(.ended(.id(1, 5), .crash)).ends.map(\.1) == [.done(.failed)])
  }
}
