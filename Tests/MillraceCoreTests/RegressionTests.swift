import Testing

@testable import MillraceCore

@Suite("Regressions between builds")
struct RegressionTests {
  private static let mebibyte: Int64 = 1 << 20

  private static func find(_ newer: [Int64], _ older: [Int64]) -> Regression? {
    Regression.find(.memory, newer.sorted(), against: older.sorted(), of: "old")
  }

  /// Figures around a centre, spread evenly by so many per cent to either side.
  private static func around(_ centre: Int64, percent: Int64, count: Int) -> [Int64] {
    (0..<Int64(count)).map { centre + centre * percent * (2 * $0 - Int64(count)) / (100 * Int64(count)) }
  }

  @Test("twice the memory is found, with the medians of both")
  func found() {
    let regression = Self.find(
      [Int64](repeating: 200 * Self.mebibyte, count: 20), [Int64](repeating: 100 * Self.mebibyte, count: 20))
    #expect(
      regression
        == Regression(.memory, median: 200 * Self.mebibyte, formerMedian: 100 * Self.mebibyte, former: "old"))
    #expect(regression?.text == "memory +100%")
  }

  private static func many(_ mebibytes: Int64, _ count: Int) -> [Int64] {
    [Int64](repeating: mebibytes << 20, count: count)
  }

  /// Each a newer and an older build.
  private static let quiet: [([Int64], [Int64])] = [
    // Too few attempts, of either build.
    (many(200, 19), many(100, 100)), (many(200, 100), many(100, 19)),
    // Less than a quarter more, or less than 8 MiB.
    (many(124, 50), many(100, 50)), (many(9, 50), many(2, 50)),
    // Less than before, and the same.
    (many(50, 50), many(100, 50)), (many(100, 50), many(100, 50)),
    // A higher median by chance: each build takes either little or much.
    (many(10, 9) + many(100, 11), many(10, 11) + many(100, 9)),
  ]

  @Test("nothing is found where there is too little of it", arguments: quiet)
  func nothing(newer: [Int64], older: [Int64]) {
    #expect(Self.find(newer, older) == nil)
  }

  @Test("a shift that the spread does not hide is found")
  func spread() {
    let older = Self.around(100 * Self.mebibyte, percent: 40, count: 60)
    #expect(Self.find(Self.around(150 * Self.mebibyte, percent: 40, count: 60), older) != nil)
    #expect(Self.find(Self.around(105 * Self.mebibyte, percent: 40, count: 60), older) == nil)
  }

  @Test("the score is that of the rank-sum test, ties included")
  func score() {
    // By hand: U = 25 of 25, the mean is 12.5, the deviation √(25 · 11 / 12).
    #expect(abs(Regression.score([6, 7, 8, 9, 10], against: [1, 2, 3, 4, 5]) - 2.6112) < 1e-3)
    #expect(abs(Regression.score([1, 2, 3, 4, 5], against: [6, 7, 8, 9, 10]) + 2.6112) < 1e-3)
    #expect(Regression.score([1, 1, 1], against: [1, 1, 1]) == 0)
    // U = 7 of 9, 2.5 above the mean; the two pairs of ties take from the variance.
    let variance = 9.0 / 12 * (7 - 12.0 / 30)
    #expect(abs(Regression.score([2, 3, 4], against: [1, 2, 3]) - 2.5 / variance.squareRoot()) < 1e-9)
  }

  @Test("what was learned tells of it once the newer build has shown enough")
  func learned() {
    var estimates = Estimates(rule: Policy.Learning())
    func run(_ build: String, _ memory: Int64, times: Int) {
      for second in 0..<times {
        estimates.note(
          Evidence(
            handler: "work", jobClass: nil, build: build, started: Timestamp(rawValue: Int64(second)),
            memoryPeak: Bytes(memory), cpu: nil, duration: .seconds(1), timeToPeak: nil))
      }
    }
    run("old", 100 * Self.mebibyte, times: 30)
    run("new", 300 * Self.mebibyte, times: 19)
    #expect(estimates.statistics(of: "work").first?.regressions == [])
    run("new", 300 * Self.mebibyte, times: 1)
    #expect(estimates.statistics(of: "work").first?.regressions.map(\.text) == ["memory +200%"])
    #expect(estimates.statistics(of: "work").first?.regressions.first?.former == "old")
  }
}
