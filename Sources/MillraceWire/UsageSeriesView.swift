package import MillraceCore

/// What the running attempt of a job has used over its time: `GET /v1/jobs/ID/usage`.
package struct UsageSeriesView: Codable, Sendable, Equatable {
  /// What it used at a moment; what is not known is left out.
  package struct Point: Codable, Sendable, Equatable {
    package var time: String
    package var workingSetBytes: Int64?
    /// Processor time since its start.
    package var cpuSeconds: Double?
  }

  /// The number of the attempt; nil if none runs.
  package var attempt: Int?
  package var points: [Point]

  package init(attempt: AttemptID?, _ series: UsageSeries) {
    self.attempt = attempt?.number
    points = series.points.map { point in
      Point(
        time: Wire.text(of: point.time), workingSetBytes: point.sample.workingSet?.rawValue,
        cpuSeconds: point.sample.cpu?.seconds)
    }
  }
}
