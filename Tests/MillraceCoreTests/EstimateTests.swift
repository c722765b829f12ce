import TestSupport
import Testing

@testable import MillraceCore

@Suite("Estimates")
struct EstimateTests {
  /// An attempt with a peak in MiB that ran so many seconds on half a processor.
  static func evidence(
    _ peak: Int64?, seconds: Int64 = 10, handler: String = "work", jobClass: String? = nil,
    build: String = "a", timeToPeak: Int64? = nil
  ) -> Evidence {
    Evidence(
      handler: handler, jobClass: jobClass, build: build, started: Sample.time(0),
      memoryPeak: peak.map { .mebibytes($0) }, cpu: .milliseconds(seconds * 500), duration: .seconds(seconds),
      timeToPeak: timeToPeak.map { .seconds($0) })
  }

  private static func estimates(
    _ evidence: [Evidence], change: (inout Policy.Learning) -> Void = { _ in }
  ) -> Estimates {
    var rule = Policy.Learning()
    change(&rule)
    var estimates = Estimates(rule: rule)
    for one in evidence { estimates.note(one) }
    return estimates
  }

  /// What `work` (or a class of it) needs: memory in MiB and on what that rests.
  private func memory(
    _ evidence: [Evidence], of jobClass: String? = nil, limit: Int64 = 1024
  ) -> (Int64, Basis) {
    var job = Rig.job(1) { $0.limits.memory = .mebibytes(limit) }
    job.jobClass = jobClass
    let estimate = Self.estimates(evidence).estimate(for: job)
    return (estimate.memory.rawValue >> 20, estimate.memoryBasis)
  }

  @Test("are what is declared below 5 attempts, the most below 20, then the 95th percentile")
  func stages() {
    #expect(memory([]) == (1024, .declared))
    #expect(memory((1...4).map { Self.evidence($0) }) == (1024, .declared))
    #expect(memory((1...5).map { Self.evidence($0) }) == (5, .maximum(of: 5)))
    #expect(memory((1...19).map { Self.evidence($0) }) == (19, .maximum(of: 19)))
    #expect(memory((1...20).map { Self.evidence($0) }) == (19, .percentile95(of: 20)))
    #expect(memory((1...100).map { Self.evidence($0) }) == (95, .percentile95(of: 100)))
  }

  @Test("rest on the last 200 attempts")
  func window() {
    let old = (1...100).map { _ in Self.evidence(900) }
    let new = (1...200).map { Self.evidence($0) }
    #expect(memory(old + new) == (190, .percentile95(of: 200)))
    #expect(Self.estimates(old + new).statistics(of: "work").map(\.attempts) == [200])
  }

  @Test("are never above the job's limit")
  func limit() {
    let evidence = (1...20).map { _ in Self.evidence(500, seconds: 1000) }
    #expect(memory(evidence, limit: 100) == (100, .percentile95(of: 20)))
    let job = Rig.job(1) { $0.limits.cpuMillis = 200 }
    let estimate = Self.estimates(evidence).estimate(for: job)
    #expect(estimate.cpuMillis == 200)
    #expect(estimate.runBound == .seconds(60) && estimate.expectedRun == .seconds(60))
  }

  @Test("tell classes apart; a job without one is estimated by all of its handler")
  func classes() {
    let small = (1...20).map { _ in Self.evidence(10, jobClass: "small") }
    let large = (1...20).map { _ in Self.evidence(800, jobClass: "large") }
    #expect(memory(small + large, of: "small") == (10, .percentile95(of: 20)))
    #expect(memory(small + large, of: "large") == (800, .percentile95(of: 20)))
    #expect(memory(small + large) == (800, .percentile95(of: 40)))
    #expect(memory(small + large, of: "new") == (1024, .declared))
    #expect(
      Self.estimates(large + small).statistics(of: "work").map(\.jobClass) == [nil, "large", "small"])
  }

  @Test("keep handlers apart")
  func handlers() {
    let evidence = (1...20).map { _ in Self.evidence(10, handler: "other") }
    #expect(memory(evidence) == (1024, .declared))
    #expect(Self.estimates(evidence).statistics(of: "work") == [])
  }

  @Test("a new build inherits, and replaces what it inherited once it has shown 5 attempts")
  func builds() {
    let old = (1...20).map { _ in Self.evidence(100, build: "a") }
    func new(_ count: Int, _ build: String, _ peak: Int64) -> [Evidence] {
      (0..<count).map { _ in Self.evidence(peak, build: build) }
    }
    #expect(memory(old + new(4, "b", 7)) == (100, .percentile95(of: 20)))
    #expect(memory(old + new(5, "b", 7)) == (7, .maximum(of: 5)))
    // One that showed too little passes on what it inherited.
    #expect(memory(old + new(2, "b", 7) + new(2, "c", 9)) == (100, .percentile95(of: 20)))
    #expect(memory(old + new(5, "b", 7) + new(4, "c", 9)) == (7, .maximum(of: 5)))
    let statistics = Self.estimates(old + new(4, "b", 7)).statistics(of: "work")
    #expect(statistics.map(\.isInherited) == [true])
    #expect(statistics.map(\.build) == ["a"])
    let replaced = Self.estimates(old + new(5, "b", 7)).statistics(of: "work")
    #expect(replaced.map(\.isInherited) == [false])
    #expect(replaced.map(\.build) == ["b"])
  }

  @Test(
    "the run time that orders jobs is the mean of the last 8; a forecast counts with the 95th percentile"
  )
  func runTime() {
    let lengths = (1...20).map { Self.evidence(1, seconds: Int64($0)) }
    let few = Self.estimates(Array(lengths.prefix(3))).estimate(for: Rig.job(1))
    #expect(few.expectedRun == .seconds(2))
    #expect(few.runBound == .seconds(60) && few.runBasis == .declared)
    let many = Self.estimates(lengths).estimate(for: Rig.job(1))
    #expect(many.expectedRun == .milliseconds(16_500))
    #expect(many.runBound == .seconds(19) && many.runBasis == .percentile95(of: 20))
  }

  @Test("the time to the peak is learned, within 2 s and 10 min, and is the run time where nobody saw it")
  func settling() {
    func settling(_ timeToPeak: Int64?, seconds: Int64 = 2000) -> Duration {
      let evidence = (1...5).map { _ in Self.evidence(1, seconds: seconds, timeToPeak: timeToPeak) }
      return Self.estimates(evidence).estimate(for: Rig.job(1)).settling
    }
    #expect(settling(30) == .seconds(30))
    #expect(settling(0) == .seconds(2))
    #expect(settling(1999) == .seconds(600))
    #expect(settling(nil, seconds: 7) == .seconds(7))
    #expect(settling(99, seconds: 7) == .seconds(7))
    #expect(Self.estimates([]).estimate(for: Rig.job(1)).settling == .seconds(10))
  }

  @Test("CPU is learned as a rate over the whole run, and is at least something")
  func cpu() {
    #expect(Self.rate(.seconds(5), .seconds(10)) == 500)
    #expect(Self.rate(.zero, .seconds(10)) == 1)
    #expect(Self.rate(nil, .seconds(10)) == 1000)
  }

  @Test("CPU of less than 100 ms, the period of `cpu.max`, is a rate over those")
  func shortRun() {
    #expect(Self.rate(.milliseconds(50), .milliseconds(100)) == 500)
    #expect(Self.rate(.milliseconds(1), .milliseconds(2)) == 10)
    #expect(Self.rate(.milliseconds(2), .zero) == 20)
    #expect(Self.rate(.microseconds(1), .zero) == 1)
  }

  /// What a job is expected to use of a processor after five attempts like this.
  private static func rate(_ cpu: Duration?, _ duration: Duration) -> Int64 {
    var one = evidence(1)
    (one.cpu, one.duration) = (cpu, duration)
    return estimates([Evidence](repeating: one, count: 5)).estimate(for: Rig.job(1)).cpuMillis
  }

  @Test("what the kernel does not tell is not learned as zero")
  func unknown() {
    #expect(memory((1...20).map { _ in Self.evidence(nil) }) == (1024, .declared))
    #expect(memory((1...20).map { Self.evidence($0 > 10 ? 8 : nil) }) == (8, .maximum(of: 10)))
  }

  @Test("are off where learning is off")
  func off() {
    let estimates = Self.estimates((1...20).map { _ in Self.evidence(1) }) { $0.isOn = false }
    #expect(estimates.estimate(for: Rig.job(1)) == Rig.estimate(of: Rig.job(1)))
  }

  @Test("kinds of jobs are bounded: a class that comes later is estimated by its handler")
  func bound() {
    var estimates = Self.estimates([])
    for number in 0..<Estimates.maxKeys + 5 { estimates.note(Self.evidence(10, jobClass: "\(number)")) }
    for _ in 0..<20 { estimates.note(Self.evidence(20, jobClass: "late")) }
    var job = Rig.job(1)
    job.jobClass = "late"
    #expect(estimates.estimate(for: job).memory == .mebibytes(20))
    #expect(estimates.statistics(of: "work").count == Estimates.maxKeys)
    job.jobClass = "0"
    #expect(estimates.estimate(for: job).memoryBasis == .declared)
  }

  @Test("only attempts that came to their end or to their limit are evidence", arguments: Outcome.allCases)
  func isEvidence(outcome: Outcome) {
    #expect(outcome.isEvidence == [.succeeded, .oomOwnLimit, .timedOut].contains(outcome))
  }

  @Test("are learned from the ends of attempts, frozen time left out, and admission goes by them")
  func learnedByEnds() {
    let rig = Rig(Rig.policy(memory: .mebibytes(128)))
    func report(_ outcome: Int) -> AttemptReport {
      AttemptReport(
        exit: .exited(code: outcome == 0 ? 0 : 1),
        usage: Usage(memoryPeak: .mebibytes(20), cpuUser: .seconds(1), cpuSystem: .seconds(1)),
        word: outcome == 0 ? .done(nil) : nil)
    }
    for number in 1...5 {
      rig.run(Rig.job(Int64(number)))
      rig.sample([.id(Int64(number)): UsageSample(workingSet: .mebibytes(20))], at: rig.seconds + 3)
      _ = rig.send(.ended(.id(Int64(number)), report(0)), at: rig.seconds + 1)
    }
    rig.run(Rig.job(6))
    _ = rig.send(.ended(.id(6), report(1)))
    let statistics = rig.scheduler.statistics(of: "work")
    #expect(statistics.map(\.attempts) == [5])
    #expect(statistics.first?.memory?.max == 20 << 20)
    #expect(statistics.first?.cpuMillis?.median == 500)
    #expect(statistics.first?.duration?.median == 4_000_000)
    #expect(statistics.first?.timeToPeak?.median == 3_000_000)
    // 20 MiB each instead of the declared 64: six fit where two would.
    #expect(rig.run(Rig.job(11), Rig.job(12), Rig.job(13), Rig.job(14), Rig.job(15), Rig.job(16)).count == 6)
    #expect(
      rig.used
        == Resources(
          slots: 6, memory: .mebibytes(120), committed: .mebibytes(384), cpuMillis: 3000))
  }

  @Test("a limit for jobs that declare none is half as much again as the largest peak, in whole 16 MiB")
  func learnedLimit() {
    func limit(_ peaks: [Int64]) -> Bytes? {
      Self.estimates(peaks.map { Self.evidence($0) }).limit(handler: "work", jobClass: nil)
    }
    #expect(limit([1, 2, 3, 4]) == nil)
    #expect(limit([1, 2, 3, 4, 5]) == .mebibytes(16))
    #expect(limit([1, 2, 3, 4, 32]) == .mebibytes(48))
    #expect(limit([1, 2, 3, 4, 33]) == .mebibytes(64))
  }
}
