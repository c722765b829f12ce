package import MillraceCore

/// Settings of a policy as words: `aging=10m`, `max_running=8`.
package enum PolicySettings {
  /// What can be set, and how its value looks.
  package static var all: [(name: String, values: String)] { table.map { ($0.name, $0.values) } }

  /// Puts a setting into force.
  /// - Throws: if there is no such setting, or the value is none or out of range.
  package static func apply(_ text: String, to policy: inout Policy) throws(SimulatorError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2 else {
      throw SimulatorError("`\(text)` is no setting", hint: "write `name=value`: `aging=10m`")
    }
    guard let setting = table.first(where: { $0.name == parts[0] }) else {
      throw SimulatorError(
        "there is no setting `\(parts[0])`", hint: "there are \(table.map(\.name).joined(separator: ", "))")
    }
    guard setting.put(parts[1], &policy) else {
      throw SimulatorError("`\(parts[0])` can't be `\(parts[1])`", hint: "it is \(setting.values)")
    }
  }

  /// Puts a list of settings into force, which commas or blanks divide.
  /// - Throws: as `apply`.
  package static func apply(list: String, to policy: inout Policy) throws(SimulatorError) {
    for text in list.split(whereSeparator: { $0 == "," || $0 == " " }) {
      try apply(String(text), to: &policy)
    }
  }

  private struct Setting {
    var name: String
    var values: String
    /// Returns false if the text is no value of it.
    var put: (String, inout Policy) -> Bool
  }

  private static var table: [Setting] {
    [
      Setting(name: "policy", values: words(Policy.Preset.self)) { text, policy in
        guard let preset = Policy.Preset(rawValue: text) else { return false }
        policy.apply(preset)
        return true
      },
      word("order", \.order), word("backfill", \.backfill), word("processors", \.processors),
      Setting(name: "backfill_window", values: "1 to 1000000, or `all`") { text, policy in
        guard text != "all" else {
          policy.backfillWindow = nil
          return true
        }
        return number(text, 1...1_000_000) { policy.backfillWindow = $0 }
      },
      Setting(name: "learning", values: "`on` or `off`") { text, policy in
        policy.learning.isOn = text == "on"
        return text == "on" || text == "off"
      },
      count("learn_few", 1...10_000, \.learning.few), count("learn_some", 1...10_000, \.learning.some),
      count("learn_window", 1...10_000, \.learning.window),
      count("learn_recent", 1...10_000, \.learning.recent),
      count("patience", 0...1_000_000, \.patience), count("stretch", 0...1_000_000, \.stretch),
      count("max_running", 1...SWFTrace.mostProcessors, \.capacity.slots),
      count("slots", 1...SWFTrace.mostProcessors, \.capacity.slots),
      Setting(name: "memory", values: "a size: `16G`") { text, policy in
        guard let size = Bytes(text: text), size > .zero, size <= Self.mostMemory else { return false }
        policy.setMemory(size)
        return true
      },
      Setting(name: "cpu", values: "a number of processors: `8`, `0.5`") { text, policy in
        decimal(text, 0.001...Double(SWFTrace.mostProcessors)) {
          policy.capacity.cpuMillis = Int64($0 * 1000)
        }
      },
      Setting(name: "overcommit", values: "1 to 1000") { text, policy in
        let memory = Double(policy.capacity.memory.rawValue)
        return decimal(text, 1...1000) { policy.capacity.committed = Bytes(Int64(memory * $0)) }
      },
      span("aging", .seconds(1)...year, \.aging), span("stagger", .zero...year, \.stagger),
      span("stagger_under_pressure", .zero...year, \.staggerUnderPressure),
      part("warning", \.pressure.warning), part("critical", \.pressure.critical),
      Setting(name: "freeze_after", values: "a span of time up to a year: `10s`, or `never`") {
        text, policy in
        guard text != "never" else {
          policy.pressure.freezeAfter = nil
          return true
        }
        return time(text, .zero...year) { policy.pressure.freezeAfter = $0 }
      },
      span("evict_after", .zero...year, \.pressure.evictAfter),
    ]
  }

  private static let year = Duration.seconds(366 * 86_400)
  /// More is held for a mistake, and sums of it might pass what a number can hold.
  package static let mostMemory = Bytes.gibibytes(1 << 20)
}

extension PolicySettings {
  private static func words<Value: RawRepresentable & CaseIterable>(_: Value.Type) -> String
  where Value.RawValue == String { Value.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ") }

  private static func word<Value: RawRepresentable & CaseIterable>(
    _ name: String, _ path: WritableKeyPath<Policy, Value>
  ) -> Setting where Value.RawValue == String {
    Setting(name: name, values: words(Value.self)) { text, policy in
      guard let value = Value(rawValue: text) else { return false }
      policy[keyPath: path] = value
      return true
    }
  }

  private static func count(
    _ name: String, _ range: ClosedRange<Int>, _ path: WritableKeyPath<Policy, Int>
  ) -> Setting {
    Setting(name: name, values: "\(range.lowerBound) to \(range.upperBound)") { text, policy in
      number(text, range) { policy[keyPath: path] = $0 }
    }
  }

  private static func span(
    _ name: String, _ range: ClosedRange<Duration>, _ path: WritableKeyPath<Policy, Duration>
  ) -> Setting {
    Setting(name: name, values: "a span of time from \(range.lowerBound.text) to a year: `10m`") {
      text, policy in
      time(text, range) { policy[keyPath: path] = $0 }
    }
  }

  private static func part(
    _ name: String, _ path: WritableKeyPath<Policy, Double>
  ) -> Setting {
    Setting(name: name, values: "a part: `80%`, `0.8`") { text, policy in
      let isPercent = text.hasSuffix("%")
      return decimal(isPercent ? String(text.dropLast()) : text, isPercent ? 0.1...100 : 0.001...1) {
        policy[keyPath: path] = isPercent ? $0 / 100 : $0
      }
    }
  }

  private static func number(_ text: String, _ range: ClosedRange<Int>, put: (Int) -> Void) -> Bool {
    guard let value = Int(text), range.contains(value) else { return false }
    put(value)
    return true
  }

  private static func decimal(_ text: String, _ range: ClosedRange<Double>, put: (Double) -> Void) -> Bool {
    guard let value = Fields.number(Array(text.utf8)[...]), range.contains(value) else { return false }
    put(value)
    return true
  }

  private static func time(_ text: String, _ range: ClosedRange<Duration>, put: (Duration) -> Void) -> Bool {
    guard let value = text == "0" ? .zero : Duration(text: text), range.contains(value) else { return false }
    put(value)
    return true
  }
}

extension Policy {
  /// Gives the machine another memory; what may be promised of it stays the same multiple.
  mutating func setMemory(_ size: Bytes) {
    let overcommit = Double(capacity.committed.rawValue) / Double(max(1, capacity.memory.rawValue))
    capacity.memory = size
    capacity.committed = Bytes(Int64(Double(size.rawValue) * overcommit))
  }
}
