import TestSupport
import Testing

@testable import MillraceCore

@Suite("A sliding window")
struct SlidingWindowTests {
  @Test("is the same as the last figures of a list", arguments: 0..<40)
  func againstList(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let capacity = Int.random(in: 1...30, using: &random)
    var window = SlidingWindow(capacity: capacity)
    var all: [Int64] = []
    for _ in 0..<200 {
      // Few figures, so that many are equal.
      let figure = Int64.random(in: -9...9, using: &random)
      window.insert(figure)
      all.append(figure)
      let last = Array(all.suffix(capacity))
      let sorted = last.sorted()
      #expect(window.count == last.count)
      #expect(window.min == sorted.first && window.max == sorted.last)
      for percent in [1, 50, 95, 100] {
        // The smallest figure that so many percent of all do not pass.
        let expected = sorted.first { figure in
          sorted.count(where: { $0 <= figure }) * 100 >= percent * sorted.count
        }
        #expect(window.percentile(percent) == expected)
      }
      for number in [1, 2, capacity, capacity + 5] {
        let newest = last.suffix(number)
        #expect(window.mean(ofLast: number) == newest.reduce(0, +) / Int64(newest.count))
      }
    }
  }

  @Test("that is empty has no figures")
  func empty() {
    let window = SlidingWindow(capacity: 3)
    #expect(window.count == 0 && window.min == nil && window.max == nil)
    #expect(window.percentile(50) == nil && window.mean(ofLast: 2) == nil)
    #expect(Statistics.Figures(window) == nil)
  }

  @Test("takes percentiles by nearest rank")
  func nearestRank() {
    var window = SlidingWindow(capacity: 200)
    for figure in (1...Int64(100)).reversed() { window.insert(figure) }
    #expect(window.percentile(50) == 50)
    #expect(window.percentile(95) == 95)
    #expect(window.percentile(0) == 1)
    #expect(
      Statistics.Figures(window) == Statistics.Figures(count: 100, median: 50, percentile95: 95, max: 100))
  }

  @Test("holds the largest figures there are")
  func extremes() {
    var window = SlidingWindow(capacity: 3)
    for _ in 0..<5 { window.insert(.max) }
    #expect(window.mean(ofLast: 3) == .max)
    #expect(window.percentile(95) == .max)
  }
}
