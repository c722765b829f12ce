/// Jobs a second, of several rounds of the same thing.
struct Rates {
  private var all: [Double] = []

  /// Adds a round of so many jobs in so many nanoseconds.
  mutating func add(_ jobs: Int, in nanoseconds: Int64) {
    all.append(Double(jobs) * 1e9 / Double(nanoseconds))
  }

  /// The middle one; of two, the slower.
  var median: Double {
    precondition(!all.isEmpty, "nothing was measured")
    return all.sorted()[(all.count - 1) / 2]
  }

  /// Median, slowest and fastest as people read them.
  var text: String {
    "\(Self.text(median)) (\(Self.text(all.min() ?? 0))–\(Self.text(all.max() ?? 0))) jobs/s"
  }

  private static func text(_ rate: Double) -> String { fixed(rate, decimals: rate < 100 ? 1 : 0) }
}
