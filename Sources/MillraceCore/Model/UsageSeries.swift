/// What an attempt used over its time, in a bounded number of points: when they are too many every second one
/// goes, and those that come are as far apart as what is left.
package struct UsageSeries: Hashable, Sendable {
  /// What it used at a moment.
  package struct Point: Hashable, Sendable {
    package var time: Timestamp
    package var sample: UsageSample
  }

  /// There are no more than that, and half of them at least once there were so many.
  package static let mostPoints = 120

  /// In the order of their times; the newest one may be a few samples old.
  package private(set) var points: [Point] = []
  /// How many samples make one point.
  private var stride = 1
  private var passed = 0

  package init() {}

  /// Takes a sample in; they come at equal distances.
  package mutating func add(_ sample: UsageSample, at time: Timestamp) {
    passed += 1
    guard passed >= stride || points.isEmpty else { return }
    passed = 0
    points.append(Point(time: time, sample: sample))
    guard points.count > Self.mostPoints else { return }
    points = points.enumerated().filter { $0.offset.isMultiple(of: 2) }.map(\.element)
    stride *= 2
  }
}
