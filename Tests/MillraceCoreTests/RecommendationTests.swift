import TestSupport
import Testing

@testable import MillraceCore

@Suite("A recommendation")
struct RecommendationTests {
  typealias Figures = Statistics.Figures

  private func statistics(memory: Figures? = nil, cpu: Figures? = nil, duration: Figures? = nil) -> Statistics
  {
    Statistics(
      handler: "work", jobClass: nil, build: "a", isInherited: false, attempts: 184, memory: memory,
      cpuMillis: cpu, duration: duration)
  }

  private var machine = Limits(memory: .gibibytes(64), cpuMillis: 64_000, pids: 1)

  private func recommend(
    memory: Figures? = nil, cpu: Figures? = nil, duration: Figures? = nil,
    present change: (inout Terms) -> Void = { _ in }
  ) -> Recommendation {
    var terms = Sample.terms
    change(&terms)
    return Recommendation(
      from: statistics(memory: memory, cpu: cpu, duration: duration), present: terms, least: 20,
      machine: machine)
  }

  private func figures(_ percentile95: Int64, _ max: Int64, count: Int = 184) -> Figures {
    Figures(count: count, median: 1, percentile95: percentile95, max: max)
  }

  @Test("memory is a quarter above the largest peak, in whole 16 MiB, with the evidence")
  func memory() {
    let recommendation = recommend(memory: figures(61 << 20, 64 << 20)) {
      $0.limits.memory = .gibibytes(2)
    }
    #expect(
      recommendation.memory
        == .init(
          present: .gibibytes(2), recommended: .mebibytes(80),
          evidence: "p95 peak 61 MiB, most 64 MiB over 184 runs"))
    #expect(recommendation.wishes == Wishes(memory: .mebibytes(80)))
    #expect(recommendation.attempts == 184 && !recommendation.isEmpty)
  }

  @Test("processors are a quarter above the largest rate, in whole tenths")
  func processors() {
    #expect(
      recommend(cpu: figures(180, 250)).cpuMillis
        == .init(present: 1000, recommended: 400, evidence: "p95 180 m, most 250 m over 184 runs"))
    #expect(recommend(cpu: figures(1, 1)).cpuMillis?.recommended == 100)
  }

  @Test(
    "time is four times the 95th percentile, at least twice the longest run, in whole minutes above one",
    arguments: [
      (1, 2, 4), (1, 5, 10), (10, 12, 40), (12, 20, nil), (20, 21, 120), (1, 100, 240), (0, 0, 1),
    ] as [(Int64, Int64, Int64?)])
  func timeout(percentile95: Int64, max: Int64, recommended: Int64?) {
    let change = recommend(duration: figures(percentile95 * 1_000_000, max * 1_000_000)).timeout
    #expect(change?.recommended == recommended.map { .seconds($0) })
  }

  @Test("what is within a quarter of what would fit is left alone, either way")
  func closeEnough() {
    #expect(recommend(memory: figures(1, 64 << 20)).memory == nil)  // 80 for 64.
    #expect(recommend(memory: figures(1, 65 << 20)).memory?.recommended == .mebibytes(96))
    #expect(recommend(memory: figures(1, 38 << 20)).memory == nil)  // 48 for 64.
    #expect(recommend(memory: figures(1, 25 << 20)).memory?.recommended == .mebibytes(32))
  }

  @Test("no limit is above what the machine has")
  mutating func machineBound() {
    machine = Limits(memory: .mebibytes(100), cpuMillis: 1500, pids: 1)
    let recommendation = recommend(memory: figures(1, 99 << 20), cpu: figures(1, 1500))
    #expect(recommendation.memory?.recommended == .mebibytes(100))
    #expect(recommendation.cpuMillis?.recommended == 1500)
  }

  @Test("there is none without evidence enough")
  func tooFew() {
    #expect(recommend().isEmpty && recommend().wishes == Wishes())
    let few = figures(1, 1, count: 19)
    #expect(recommend(memory: few, cpu: few, duration: few).isEmpty)
  }

  @Test("the largest figures there are trap nothing")
  mutating func extremes() {
    machine = Limits(memory: Bytes(.max), cpuMillis: .max, pids: 1)
    let most = figures(.max, .max)
    let recommendation = recommend(memory: most, cpu: most, duration: most)
    #expect(recommendation.memory?.recommended == Bytes(.max))
    #expect(recommendation.cpuMillis?.recommended == .max)
    #expect(recommendation.timeout?.recommended == Duration.microseconds(Int64.max))
  }
}
