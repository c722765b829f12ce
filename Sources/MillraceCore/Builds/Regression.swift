/// That the attempts of a build clearly take more than those of the build before it.
package struct Regression: Hashable, Sendable, Codable {
  /// What they take more of.
  package enum Figure: String, Hashable, Sendable, Codable, CaseIterable { case memory, time }

  package var figure: Figure
  /// The medians of the two builds: bytes, or microseconds.
  package var median: Int64
  package var formerMedian: Int64
  /// The build before: its SHA-256.
  package var former: String

  package init(_ figure: Figure, median: Int64, formerMedian: Int64, former: String) {
    self.figure = figure
    self.median = median
    self.formerMedian = formerMedian
    self.former = former
  }

  /// With fewer attempts of either build nothing is said.
  package static let least = 20
  /// The median must be so much larger, in per cent …
  package static let growth: Int64 = 25
  /// … and by at least so much: 8 MiB, 50 ms.
  package static func leastDifference(of figure: Figure) -> Int64 { figure == .memory ? 8 << 20 : 50_000 }
  /// How far from chance the order of all figures must be: the z of the rank-sum test; above 3 for one
  /// comparison in 740 if nothing has changed.
  package static let leastScore = 3.0

  /// Compares the figures of two builds.
  ///
  /// - Parameters:
  ///   - figure: what they are of.
  ///   - newer: those of the one build, from the smallest to the largest.
  ///   - older: those of the build before it, in the same order.
  ///   - former: the SHA-256 of the older build.
  /// - Returns: nil unless the newer ones are clearly larger.
  package static func find(
    _ figure: Figure, _ newer: [Int64], against older: [Int64], of former: String
  ) -> Regression? {
    guard newer.count >= least, older.count >= least else { return nil }
    let (median, formerMedian) = (newer[(newer.count - 1) / 2], older[(older.count - 1) / 2])
    guard median - formerMedian >= leastDifference(of: figure),
      median >= formerMedian.scaled(by: 100 + growth, over: 100), score(newer, against: older) >= leastScore
    else { return nil }
    return Regression(figure, median: median, formerMedian: formerMedian, former: former)
  }

  /// The z of the rank-sum test of Mann and Whitney, with the correction for ties
  /// (<https://en.wikipedia.org/wiki/Mann%E2%80%93Whitney_U_test#Normal_approximation_and_tie_correction>);
  /// positive if the newer figures are larger.
  static func score(_ newer: [Int64], against older: [Int64]) -> Double {
    let (new, old) = (Double(newer.count), Double(older.count))
    let all = new + old
    var (wins, ties) = (0.0, 0.0)
    var (below, place) = (0, 0)
    while place < newer.count {
      let value = newer[place]
      let same = newer[place...].prefix { $0 == value }.count
      while below < older.count, older[below] < value { below += 1 }
      let equal = older[below...].prefix { $0 == value }.count
      wins += Double(same) * (Double(below) + Double(equal) / 2)
      place += same
    }
    for (_, count) in Dictionary((newer + older).map { ($0, 1.0) }, uniquingKeysWith: +) {
      ties += count * count * count - count
    }
    let variance = new * old / 12 * (all + 1 - ties / (all * (all - 1)))
    return variance > 0 ? (wins - new * old / 2) / variance.squareRoot() : 0
  }

  /// What is worse, in a few words: `memory +45%`.
  package var text: String {
    guard formerMedian > 0 else { return "\(figure.rawValue) up" }
    return "\(figure.rawValue) +\((median - formerMedian).scaled(by: 100, over: formerMedian))%"
  }
}
