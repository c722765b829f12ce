/// A family of metrics: everything of one name, told apart by its labels.
///
/// Which ones there are is fixed: `MetricFamily.all` lists them. They are named as
/// [Prometheus](https://prometheus.io/docs/practices/naming/) wants it: base units, and the unit ends the
/// name.
package struct MetricFamily: Hashable, Sendable {
  /// What its numbers are.
  package enum Kind: String, Sendable {
    /// Grows from 0 at each start of the runner.
    case counter
    /// Is as it is now.
    case gauge
    /// Counts what was observed by size, since the start of the runner.
    case histogram
    /// Is always 1; its labels tell.
    case info
  }

  /// What its numbers count.
  package enum Unit: String, Sendable { case seconds, bytes }

  package let kind: Kind
  /// Its name without the suffixes that the formats add: `_total`, `_info`, `_bucket`.
  package let name: String
  /// Nil if they are plain numbers.
  package let unit: Unit?
  /// The names of its labels, in the order in which points give their values.
  package let labels: [String]
  /// The upper bounds of a histogram's buckets but the last, ascending; empty for everything else.
  package let bounds: [Double]
  /// What exactly is counted, in one line.
  package let help: String

  private init(
    _ kind: Kind, _ name: String, _ unit: Unit?, _ labels: [String], _ bounds: [Double], _ help: String
  ) {
    self.kind = kind
    self.name = "millrace_" + name
    self.unit = unit
    self.labels = labels
    self.bounds = bounds
    self.help = help
    precondition(unit.map { name.hasSuffix($0.rawValue) } ?? true, "the unit ends the name of `\(name)`")
  }

  static func counter(_ name: String, _ unit: Unit? = nil, by labels: String..., help: String) -> Self {
    Self(.counter, name, unit, labels, [], help)
  }

  static func gauge(_ name: String, _ unit: Unit? = nil, by labels: String..., help: String) -> Self {
    Self(.gauge, name, unit, labels, [], help)
  }

  static func histogram(
    _ name: String, _ unit: Unit? = nil, by labels: String..., bounds: [Double], help: String
  ) -> Self {
    Self(.histogram, name, unit, labels, bounds, help)
  }

  static func info(_ name: String, by labels: String..., help: String) -> Self {
    Self(.info, name, nil, labels, [], help)
  }
}
