/// A point in time: microseconds since 1970-01-01 UTC.
///
/// Within one run of the runner it never goes back: the engine's clock reads the wall once and counts on
/// with the machine's steady clock, so a stepped wall clock changes no order and no timeout.
package struct Timestamp: RawRepresentable, Hashable, Comparable, Sendable, Codable {
  /// Microseconds since 1970-01-01 UTC.
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }

  /// Makes a point in time from microseconds since 1970-01-01 UTC.
  package init(microseconds: Int64) { rawValue = microseconds }

  /// Milliseconds since 1970-01-01 UTC.
  package var milliseconds: Int64 { rawValue / 1000 }

  /// The whole second that it lies in: schedules count their spans from such.
  package var wholeSecond: Timestamp {
    Timestamp(microseconds: rawValue.flooredDivision(by: 1_000_000).quotient * 1_000_000)
  }

  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.rawValue < right.rawValue }

  /// Returns the time so much later, or the last one that can be told.
  package static func + (time: Timestamp, span: Duration) -> Timestamp {
    Timestamp(rawValue: time.rawValue.adding(clamped: span.microseconds))
  }

  /// Returns the time so much earlier, or the first one that can be told.
  package static func - (time: Timestamp, span: Duration) -> Timestamp { time + (.zero - span) }

  package static func - (later: Timestamp, earlier: Timestamp) -> Duration {
    .microseconds(later.rawValue) - .microseconds(earlier.rawValue)
  }
}

extension Duration {
  /// The span in whole microseconds, up to 292,000 years.
  package var microseconds: Int64 {
    components.seconds.scaled(by: 1_000_000)
      .adding(clamped: components.attoseconds / 1_000_000_000_000)
  }

  /// The span in whole milliseconds.
  package var milliseconds: Int64 { microseconds / 1000 }

  /// The span in seconds, with its fraction.
  package var seconds: Double { Double(microseconds) / 1e6 }

  /// Reads a span as people write it: `90s`, `1.5h`, `500ms`, `2d`, `1h30m`.
  ///
  /// - Returns: nil if the text is no span, has no unit, or passes 1000 years.
  package init?(text: String) {
    let units = ["ms": 1e3, "s": 1e6, "m": 60e6, "h": 3600e6, "d": 86400e6, "w": 604_800e6]
    var rest = text[...]
    var total = 0.0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
      rest = rest.dropFirst(digits.count)
      let unit = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(unit.count)
      guard let number = Double(digits), let scale = units[String(unit)] else { return nil }
      total += number * scale
    }
    guard total <= 1000 * 366 * 86400e6 else { return nil }
    self = .microseconds(Int64(total.rounded()))
  }

  /// The span as people read it: `350 ms`, `2.4 s`, `3 min 20 s`, `5 h 12 min`, `3 d 4 h`.
  package var text: String {
    let micros = microseconds
    if micros < 0 { return "-" + Duration.microseconds(-micros).text }
    if micros < 1_000 { return "\(micros) µs" }
    if micros < 1_000_000 { return "\(micros / 1_000) ms" }
    let seconds = micros / 1_000_000
    if seconds < 60 {
      let tenths = micros / 100_000 % 10
      return tenths == 0 ? "\(seconds) s" : "\(seconds).\(tenths) s"
    }
    if seconds < 3600 { return "\(seconds / 60) min \(seconds % 60) s" }
    if seconds < 86400 { return "\(seconds / 3600) h \(seconds / 60 % 60) min" }
    return "\(seconds / 86400) d \(seconds / 3600 % 24) h"
  }
}
