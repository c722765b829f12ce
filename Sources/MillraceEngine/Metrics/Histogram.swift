import MillraceCore

/// Counts what is observed by its size.
package struct Histogram: Sendable, Equatable {
  /// The upper bounds of the buckets but the last, ascending; what equals a bound is in its bucket.
  package let bounds: [Double]
  /// How many observations are in each bucket; the last one has those above all bounds.
  package private(set) var counts: [Int]
  /// The sum of all observations.
  package private(set) var sum = 0.0

  /// Makes an empty one with the bounds of a family.
  package init(_ family: MetricFamily) {
    precondition(family.kind == .histogram, "`\(family.name)` is no histogram")
    bounds = family.bounds
    counts = [Int](repeating: 0, count: bounds.count + 1)
  }

  /// How many observations there are.
  package var count: Int { counts.reduce(0, +) }

  /// Counts one observation; what is below zero, which only a clock can tell, counts as zero.
  package mutating func observe(_ value: Double) {
    let value = max(0, value)
    counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
    sum += value
  }

  mutating func observe(_ span: Duration) { observe(span.seconds) }
}
