import TestSupport
import Testing

@testable import MillraceCore

@Suite("Retries")
struct RetryTests {
  private func limits(_ actions: [Action]) -> [Bytes] {
    actions.compactMap { if case .start(_, let job, _, _) = $0 { job.limits.memory } else { nil } }
  }

  private func carried(_ actions: [Action]) -> [Carryover] {
    actions.compactMap { if case .carry(_, let carryover) = $0 { carryover } else { nil } }
  }

  @Test("the attempt after an own-limit kill gets twice the memory, and counts with what was shown")
  func growth() {
    let rig = Rig()
    rig.run(Rig.job(1))
    let report = AttemptReport(
      exit: .signalled(signal: 9), usage: Usage(memoryPeak: .mebibytes(64), oomKills: 1), word: nil)
    let actions = rig.send(.ended(.id(1), report), at: 10)
    #expect(carried(actions).map(\.memory) == [.mebibytes(128)])
    let started = rig.send(.timer, at: 11)
    #expect(limits(started) == [.mebibytes(128)])
    #expect(started.admissions.map(\.demand.committed) == [.mebibytes(128)])
    #expect(rig.used.committed == .mebibytes(128))
  }

  @Test(
    "memory grows in one step: twice below 8 GiB, by three tenths above",
    arguments: [
      (64, nil, 1 << 20, 128), (64, 100, 1 << 20, 200), (64, nil, 100, 100), (64, nil, 64, nil),
      (6 << 10, nil, 1 << 20, 12 << 10), (10 << 10, nil, 1 << 20, 13 << 10), (64, nil, 32, nil),
    ] as [(Int64, Int64?, Int64, Int64?)])
  func step(limit: Int64, peak: Int64?, most: Int64, next: Int64?) {
    let found = RetryRule().memory(
      after: .mebibytes(limit), peak: peak.map { .mebibytes($0) }, atMost: .mebibytes(most))
    #expect(found == next.map { .mebibytes($0) })
    var rule = RetryRule()
    rule.memoryMax = .mebibytes(most)
    #expect(
      rule.memory(after: .mebibytes(limit), peak: peak.map { .mebibytes($0) }, atMost: Bytes(.max)) == found)
  }

  @Test("a job that can't have more memory has failed, and says so")
  func grownOut() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.retry.memoryMax = .mebibytes(64) })
    let ends = rig.send(.ended(.id(1), .ownLimit)).ends
    #expect(ends.map(\.1) == [.done(.failed, because: .memoryMax(.mebibytes(64)))])
  }

  @Test("an attempt that timed out leaves a longer time to the next one if the job says so")
  func longer() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.retry.timeoutFactor = 1.5 })
    _ = rig.send(.timer, at: 60)
    #expect(carried(rig.send(.ended(.id(1), .killed))).map(\.timeout) == [.seconds(90)])
    #expect(rig.confirm(rig.send(.timer, at: 61)) == [.id(1, 2)])
    #expect(rig.scheduler.nextTime == Sample.time(151))
  }

  @Test("there is another attempt only for the causes that the job names")
  func causes() {
    for (name, cause) in RetryCauses.names {
      let rig = Rig()
      rig.run(Rig.job(1) { $0.retry.causes = cause })
      if name == "timedOut" { _ = rig.send(.timer, at: 60) }
      let reports = ["error": AttemptReport.failure, "crashed": .crash, "oomOwnLimit": .ownLimit]
      let ends = rig.send(.ended(.id(1), reports[name] ?? .killed)).ends
      guard case .retry? = ends.first?.1 else {
        Issue.record("\(name): \(ends)")
        continue
      }
      let other = Rig()
      other.run(Rig.job(1) { $0.retry.causes = RetryCauses.all.subtracting(cause) })
      if name == "timedOut" { _ = other.send(.timer, at: 60) }
      #expect(other.send(.ended(.id(1), reports[name] ?? .killed)).ends.map(\.1) == [.done(.failed)])
    }
  }

  @Test("waits grow by the factor up to the cap, and the jitter takes a part off")
  func delays() {
    var rule = RetryRule()
    rule.factor = 3
    func delays(_ lot: Double) -> [Duration] {
      (1...5).map { rule.delay(base: .seconds(2), times: $0, bound: .seconds(100), lot: lot) }
    }
    #expect(delays(0) == [2, 6, 18, 54, 100].map { .seconds($0) })
    rule.maxDelay = .seconds(20)
    #expect(delays(0) == [2, 6, 18, 20, 20].map { .seconds($0) })
    rule.jitter = 0.5
    #expect(delays(0.5) == [1.5, 4.5, 13.5, 15, 15].map { .seconds($0) })
    rule.maxDelay = nil
    (rule.factor, rule.jitter) = (1000, 0)
    #expect(rule.delay(base: .seconds(1), times: 1000, bound: .seconds(1 << 40), lot: 0) == .seconds(1 << 40))
  }

  @Test("two schedulers of one seed draw the same waits, those of another seed draw others")
  func jitter() {
    func waits(seed: UInt64) -> [Timestamp] {
      let rig = Rig(Rig.policy { $0.seed = seed })
      for number in 1...20 as ClosedRange<Int64> {
        rig.run(Rig.job(number) { $0.retry.jitter = 1 })
      }
      return (1...20 as ClosedRange<Int64>).flatMap { number in
        rig.send(.ended(.id(number), .failure)).ends.compactMap { end in
          if case .retry(let time) = end.1 { time } else { nil }
        }
      }
    }
    #expect(waits(seed: 1) == waits(seed: 1))
    #expect(waits(seed: 1) != waits(seed: 2))
    #expect(Set(waits(seed: 1)).count > 10)
    #expect(waits(seed: 1).allSatisfy { $0 > Sample.time(0) && $0 <= Sample.time(1) })
  }

  @Test("a job that crashes three times in a row has failed, with its crashes as evidence")
  func poisoned() {
    let rig = Rig()
    rig.run(Rig.job(1) { $0.maxAttempts = 10 })
    var last: AfterAttempt?
    for number in 1...3 {
      last = rig.send(.ended(.id(1, number), .crash)).ends.first?.1
      rig.confirm(rig.send(.timer, at: rig.seconds + 10))
    }
    let crashes = (1...3).map { Carryover.Crash(attempt: $0, signal: 11) }
    #expect(last == .done(.failed, because: .poisoned(JobID(1), by: crashes)))
    let evidence = (1...3).map { "attempt 1.\($0) by SIGSEGV (segmentation fault)" }
    #expect(
      EndReason.poisoned(JobID(1), by: crashes).message
        == "it crashed 3 times in a row: \(evidence.joined(separator: ", "))")
  }

  @Test("another end between two crashes begins their count anew, one by others does not")
  func crashesInterrupted() {
    func end(_ reports: [AttemptReport]) -> AfterAttempt? {
      let rig = Rig()
      rig.run(Rig.job(1) { $0.maxAttempts = 10 })
      var last: AfterAttempt?
      for (index, report) in reports.enumerated() {
        last = rig.send(.ended(.id(1, index + 1), report)).ends.first?.1
        rig.confirm(rig.send(.timer, at: rig.seconds + 10))
      }
      return last
    }
    if case .done? = end([.crash, .crash, .failure, .crash, .crash]) { Issue.record("it was given up") }
    guard case .done(.failed, let reason?)? = end([.crash, .pressure, .crash, .unknown, .crash]) else {
      Issue.record("it was not given up")
      return
    }
    #expect(reason.code == "poisoned")
  }

  @Test("a job that is lost too often is given up as what may bring the machine down")
  func lost() {
    let rig = Rig(Rig.policy { $0.maxLosses = 2 })
    rig.run(Rig.job(1))
    _ = rig.send(.ended(.id(1), .unknown))
    rig.confirm(rig.send(.timer, at: 5))
    let ends = rig.send(.ended(.id(1, 2), .unknown)).ends
    #expect(ends.map(\.1) == [.done(.failed, because: .poisoned(lost: .id(1, 2), times: 2))])
  }

  @Test("a job with what its attempts left goes on with it in the next runner")
  func restored() {
    var carryover = Carryover()
    (carryover.memory, carryover.timeout) = (.mebibytes(128), .seconds(7))
    var job = Rig.job(1)
    job.carryover = carryover
    let rig = Rig()
    let actions = rig.send(.submitted([job]))
    #expect(limits(actions) == [.mebibytes(128)])
    rig.confirm(actions)
    #expect(rig.scheduler.nextTime == Sample.time(7))
  }

  @Test("a job that failed begins anew under its number, with all attempts before it")
  func revived() {
    let rig = Rig()
    var job = Job(
      id: JobID(1), submission: Submission(handler: "work", terms: Sample.terms), submitted: Sample.time(0),
      state: .failed, attempts: 3, attemptsUsed: 3)
    job.carryover.losses = 2
    job.submission.terms.finishWithin = .seconds(100)
    var terms = job.submission.terms
    terms.limits.memory = .mebibytes(96)
    let renewal = Renewal(job, terms: terms, at: Sample.time(1000))
    let actions = rig.send(.revive([renewal]), at: 1000)
    terms.finishWithin = .seconds(1100)
    #expect(actions.first == .revive(JobID(1), to: .queued, terms: terms))
    #expect(actions.started == [.id(1, 4)])
    #expect(limits(actions) == [.mebibytes(96)])
    #expect(rig.send(.revive([renewal])) == [])
  }
}
