/// What a family of metrics says at one moment.
package struct MetricReading: Sendable, Equatable {
  package let family: MetricFamily
  /// Its numbers; none where nothing was seen or the kernel does not tell.
  package let points: [MetricPoint]

  package init(_ family: MetricFamily, _ points: [MetricPoint]) {
    precondition(
      points.allSatisfy { $0.labels.count == family.labels.count },
      "each label of `\(family.name)` has a value")
    self.family = family
    self.points = points
  }

  /// Makes the reading of one number without labels; without a point if there is none.
  init(_ family: MetricFamily, _ number: Double?) {
    self.init(family, number.map { [MetricPoint([], .number($0))] } ?? [])
  }

  /// Makes the reading of one histogram without labels.
  init(_ family: MetricFamily, _ histogram: Histogram) {
    self.init(family, [MetricPoint([], .histogram(histogram))])
  }
}

/// One number of a family, or one histogram.
package struct MetricPoint: Sendable, Equatable {
  package enum Value: Sendable, Equatable {
    case number(Double)
    case histogram(Histogram)
  }

  /// The values of the family's labels, in their order.
  package let labels: [String]
  package let value: Value

  package init(_ labels: [String], _ value: Value) {
    self.labels = labels
    self.value = value
  }
}
