import TestSupport
import Testing

@testable import MillraceCore

@Suite("Absurd numbers")
struct ExtremeTests {
  private static let century = Duration.seconds(36_525 * 86_400)

  @Test("sizes, times and spans stop at what can be told")
  func values() {
    #expect(Bytes(.max) + Bytes(.max) == Bytes(.max))
    #expect(Bytes(1) - Bytes(.max) == .zero)
    let last = Timestamp(rawValue: .max)
    let first = Timestamp(rawValue: .min)
    #expect(last + .seconds(1) == last && first - .seconds(1) == first)
    #expect(last + .seconds(Int64.max) == last && first + .seconds(Int64.min) == first)
    #expect((last - first).microseconds == .max && (first - last).microseconds == .min)
    #expect(Duration.seconds(Int64.max).microseconds == .max)
    #expect(Duration.seconds(Int64.min).microseconds == .min)
    #expect(Duration.milliseconds(-1).microseconds == -1000)
    let many = Resources(slots: 1, memory: Bytes(.max), committed: Bytes(.max), cpuMillis: .max)
    #expect((many + many).memory == Bytes(.max) && (many + many).cpuMillis == .max)
  }

  @Test(
    "whole numbers are scaled and rounded without a trap",
    arguments: [
      (10, 3, 2, 15), (-10, 3, 2, -15), (.max, 2, 1, .max), (.min, 2, 1, .min), (.max, 1000, 1000, .max),
      (.max, .max, .max, .max), (7, 0, 3, 0),
    ] as [(Int64, Int64, Int64, Int64)])
  func scaled(number: Int64, factor: Int64, divisor: Int64, result: Int64) {
    #expect(number.scaled(by: factor, over: divisor) == result)
    #expect(Int64.max.roundedUp(to: 16 << 20) == .max)
    #expect(Int64(17).roundedUp(to: 16) == 32 && Int64(16).roundedUp(to: 16) == 16)
  }

  @Test(
    "an over-commitment of any size is a bound", arguments: [0, 1, 1e300, .infinity, .nan, -1] as [Double])
  func overcommit(factor: Double) {
    let policy = Policy(slots: 1, memory: .gibibytes(4), cpuMillis: 1, overcommit: factor)
    let committed = policy.capacity.committed
    switch factor {
    case 0, -1: #expect(committed == .zero)
    case 1: #expect(committed == .gibibytes(4))
    default: #expect(committed == Bytes(.max))
    }
    #expect(Policy(slots: 1, memory: Bytes(.max), cpuMillis: 1).capacity.committed == Bytes(.max))
  }

  /// The largest job that can be asked for.
  private static func huge(_ number: Int64, priority: Int = 5) -> WaitingJob {
    Rig.job(number, priority: priority) {
      $0 = Terms(
        limits: Limits(memory: Bytes(1 << 62), cpuMillis: .max, pids: .max), timeout: century,
        grace: century, maxAttempts: 1000, retryDelay: century)
    }
  }

  @Test("jobs of absurd size run, wait, are explained and end like any others")
  func jobs() {
    let policy = Rig.policy(slots: .max, memory: Bytes(1 << 62), cpuMillis: .max) {
      $0.aging = Self.century * 10
      $0.stagger = .zero
      $0.maxRetryDelay = Self.century
      $0.fairShare = FairShareRules(label: "team", halfLife: .microseconds(1), weight: Self.century * 1000)
    }
    let rig = Rig(policy)
    var jobs = (1...Int64(5)).map { Self.huge($0, priority: Int($0) * 2) }
    for place in jobs.indices { jobs[place].share = "team \(place)" }
    #expect(rig.send(.submitted(jobs)).started.count == 1)
    _ = rig.send(.started(.id(5)))
    for second in 1...30 {
      let sample = UsageSample(
        workingSet: Bytes(.max), cpu: .seconds(Int64(second) * 10_000_000_000_000),
        memoryLimitHits: second % 2 == 0 ? .max : .min)
      rig.sample([.id(5): sample], MachineSample(memoryStall: .nan, load: .infinity), at: Int64(second))
    }
    #expect(rig.used.memory == Bytes(1 << 62))
    for job in 1...Int64(4) {
      #expect(rig.explanation(job)?.gates.count == GateVerdict.Gate.ofThisMachine.count)
      for verdict in rig.verdicts(job) { #expect(!verdict.reason.isEmpty && verdict.remedy != "") }
      #expect(rig.forecast(job).start != nil)
    }
    let usage = Usage(
      memoryPeak: Bytes(.max), cpuUser: .seconds(1 << 60), cpuSystem: .seconds(1 << 60))
    for job in (1...Int64(5)).reversed() {
      let report = AttemptReport(exit: .exited(code: 0), usage: usage, word: .done(nil))
      rig.confirm(rig.send(.ended(.id(job), report), at: rig.seconds + 3_000_000_000))
    }
    #expect(rig.scheduler.runningCount == 0 && rig.scheduler.queuedCount == 0)
    #expect(rig.scheduler.statistics(of: "work").first?.memory?.max == .max)
  }

  @Test("retry delays and time limits of a century are only long")
  func retries() {
    let rig = Rig(Rig.policy { $0.maxRetryDelay = Self.century })
    rig.run(
      Rig.job(1) {
        $0.timeout = Self.century
        $0.retryDelay = Self.century
        $0.maxAttempts = 1000
      })
    for number in 1...40 {
      let ends = rig.send(.ended(.id(1, number), .failure)).ends
      #expect(ends.map(\.1) == [.retry(notBefore: rig.now + Self.century)])
      rig.seconds += 36_525 * 86_400
      rig.confirm(rig.send(.timer))
    }
  }

  @Test("priorities keep their order whatever the aging", arguments: [0, 1, 36_525 * 86_400 * 10] as [Int64])
  func aging(seconds: Int64) {
    let rig = Rig(Rig.policy(slots: 1) { $0.aging = .seconds(seconds) }, handlers: [:])
    let jobs = (1...Int64(10)).map { Rig.job($0, priority: Int($0)) }
    _ = rig.send(.submitted(jobs))
    var order = rig.confirm(rig.send(.handlers(Rig.handlers)))
    while order.count < 10, let last = order.last { order += rig.confirm(rig.end(last)) }
    // Without aging priority is worth nothing, and the number decides.
    let expected = seconds == 0 ? Array(1...Int64(10)) : (1...Int64(10)).reversed()
    #expect(order.map(\.job.rawValue) == expected)
  }

  @Test(
    "a clock that steps by a day harms no order and no trap is hit", arguments: [86_400, -86_400] as [Int64])
  func clockStep(step: Int64) {
    let rig = Rig(Rig.policy(slots: 1, memory: .mebibytes(1000)) { $0.stagger = .seconds(1) })
    rig.run(Rig.job(1), Rig.job(2, at: 1), Rig.job(3, at: 2), Rig.job(9, at: 3, notBefore: 50))
    rig.sample([.id(1): UsageSample(workingSet: .mebibytes(10), cpu: .seconds(1))], at: 5)
    rig.seconds += step
    rig.sample(
      [.id(1): UsageSample(workingSet: .mebibytes(10), cpu: .seconds(2), memoryLimitHits: 3)],
      MachineSample(treeMemory: .mebibytes(950)))
    rig.sample([:], MachineSample())
    _ = rig.forecast(3)
    var order = rig.confirm(rig.end(.id(1)))
    rig.seconds = max(rig.seconds, 100)
    order += rig.confirm(rig.send(.timer))
    while let last = order.last, order.count < 3 {
      rig.seconds += 10
      order += rig.confirm(rig.end(last))
    }
    #expect(order == [.id(2), .id(3), .id(9)])
  }
}
