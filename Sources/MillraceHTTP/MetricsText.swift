import MillraceEngine

/// The two text formats of metrics that scrapers read.
enum MetricsText: Sendable {
  /// The [format of Prometheus](https://prometheus.io/docs/instrumenting/exposition_formats/), which the
  /// textfile collector of its node exporter reads, too.
  case prometheus
  /// [OpenMetrics 1.0](https://prometheus.io/docs/specs/om/open_metrics_spec/).
  case openMetrics

  /// Chooses by an `Accept` field (RFC 9110, 12.5.1): OpenMetrics if it is named, in a version that is
  /// spoken here, and nothing else is liked better.
  init(accept: String?) {
    let ranges = (accept ?? "").split(separator: ",").map(MediaRange.init)
    let open = ranges.filter(\.isOpenMetrics).map(\.weight).max() ?? 0
    let plain = ranges.filter { !$0.isOpenMetrics && $0.takesPlain }.map(\.weight).max() ?? 0
    self = open > 0 && open >= plain ? .openMetrics : .prometheus
  }

  /// The content type of an answer.
  var mediaType: String {
    switch self {
    case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
    case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
    }
  }

  /// Returns readings as text.
  func text(of readings: [MetricReading]) -> String {
    var text = ""
    for reading in readings { add(reading, to: &text) }
    if self == .openMetrics { text += "# EOF\n" }
    return text
  }

  private func add(_ reading: MetricReading, to text: inout String) {
    let family = reading.family
    let name = headName(of: family)
    text += "# TYPE \(name) \(typeName(of: family))\n"
    if self == .openMetrics, let unit = family.unit { text += "# UNIT \(name) \(unit.rawValue)\n" }
    text += "# HELP \(name) \(escaped(help: family.help))\n"
    for point in reading.points {
      let labels = zip(family.labels, point.labels).map { "\($0)=\"\(Self.escaped(label: $1))\"" }
      switch point.value {
      case .number(let number): add(family.name + suffix(of: family), labels, number, to: &text)
      case .histogram(let histogram): add(histogram, family.name, labels, to: &text)
      }
    }
  }

  private func add(_ histogram: Histogram, _ name: String, _ labels: [String], to text: inout String) {
    var count = 0
    for (bound, own) in zip(histogram.bounds + [.infinity], histogram.counts) {
      count += own
      // As OpenMetrics wants bounds to be written: `1.0`. The same in both, so that series keep their names.
      let limit = bound == .infinity ? "+Inf" : "\(bound)"
      add(name + "_bucket", labels + ["le=\"\(limit)\""], Double(count), to: &text)
    }
    add(name + "_count", labels, Double(count), to: &text)
    add(name + "_sum", labels, histogram.sum, to: &text)
  }

  private func add(_ name: String, _ labels: [String], _ value: Double, to text: inout String) {
    text += name
    if !labels.isEmpty { text += "{" + labels.joined(separator: ",") + "}" }
    text += " " + Self.number(value) + "\n"
  }

  /// The name in the lines about a family: that of its samples, but for OpenMetrics without their suffix.
  private func headName(of family: MetricFamily) -> String {
    self == .openMetrics ? family.name : family.name + suffix(of: family)
  }

  private func suffix(of family: MetricFamily) -> String {
    switch family.kind {
    case .counter: "_total"
    case .info: "_info"
    case .gauge, .histogram: ""
    }
  }

  /// The older format knows no `info`.
  private func typeName(of family: MetricFamily) -> String {
    family.kind == .info && self == .prometheus ? MetricFamily.Kind.gauge.rawValue : family.kind.rawValue
  }

  /// OpenMetrics escapes quotes here, too.
  private func escaped(help: String) -> String {
    let text = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    return self == .openMetrics ? text.replacing("\"", with: "\\\"") : text
  }

  private static func escaped(label: String) -> String {
    label.replacing("\\", with: "\\\\").replacing("\n", with: "\\n").replacing("\"", with: "\\\"")
  }

  private static func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value), abs(whole) < 1 << 53 { return "\(whole)" }
    return "\(value)"
  }
}

/// One of the types that an `Accept` field names.
private struct MediaRange {
  let isOpenMetrics: Bool
  let takesPlain: Bool
  /// 0 to 1; 0 means that it is not wanted.
  var weight = 1.0

  init(_ text: Substring) {
    let parts = text.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
    var version: String?
    for part in parts.dropFirst() {
      if part.hasPrefix("q=") { weight = Double(part.dropFirst(2)) ?? 0 }
      if part.hasPrefix("version=") { version = String(part.dropFirst(8).filter { $0 != "\"" }) }
    }
    isOpenMetrics = parts.first == "application/openmetrics-text" && version ?? "1.0.0" == "1.0.0"
    takesPlain = ["text/plain", "text/*", "*/*"].contains(parts.first)
  }
}
