/// Where metrics are read.
package protocol MetricsSource: Sendable {
  /// Returns what each family of `MetricFamily.all` says now, in that order.
  func metrics() async -> [MetricReading]
}
