/// A number that the results of a handler's jobs give: such a result is a JSON object of numbers.
package struct ReportedFigure: Hashable, Sendable {
  /// What marks a result that holds figures.
  package static let mediaType = "application/vnd.millrace.figures+json"

  /// The handler whose jobs tell it.
  package var handler: String
  /// What it is called in the results.
  package var name: String
  /// How many of the last results have it.
  package var count: Int
  /// When the newest of them came about.
  package var time: Timestamp
  /// What that one says.
  package var last: Double
  package var least: Double
  package var mean: Double
  package var largest: Double

  package init(
    handler: String, name: String, count: Int, time: Timestamp, last: Double, least: Double, mean: Double,
    largest: Double
  ) {
    self.handler = handler
    self.name = name
    self.count = count
    self.time = time
    self.last = last
    self.least = least
    self.mean = mean
    self.largest = largest
  }

  /// Takes in an older value.
  package mutating func add(_ value: Double) {
    count += 1
    least = min(least, value)
    largest = max(largest, value)
    mean += (value - mean) / Double(count)
  }
}
