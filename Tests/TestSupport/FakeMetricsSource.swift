package import MillraceEngine
import Synchronization

/// Metrics that a test sets.
package final class FakeMetricsSource: MetricsSource {
  private let readings: Mutex<[MetricReading]>

  package init(_ readings: [MetricReading] = Sample.metrics) { self.readings = Mutex(readings) }

  /// Says these from now on.
  package func set(_ new: [MetricReading]) { readings.withLock { $0 = new } }

  package func metrics() async -> [MetricReading] { readings.withLock { $0 } }
}

extension Sample {
  /// Every family with a point: no two numbers are the same, and label values have what must be escaped.
  package static let metrics = MetricFamily.all.enumerated().map { place, family in
    let labels = family.labels.map { $0 == "handler" ? "resize" : "a \"\($0)\" \\ of\nlines" }
    guard family.kind == .histogram else {
      let number = family.kind == .info ? 1 : Double(place) + 0.5
      return MetricReading(family, [MetricPoint(labels, .number(number))])
    }
    var histogram = Histogram(family)
    for bound in family.bounds.prefix(3) { histogram.observe(bound) }
    histogram.observe((family.bounds.last ?? 0) * 2)
    return MetricReading(family, [MetricPoint(labels, .histogram(histogram))])
  }
}
