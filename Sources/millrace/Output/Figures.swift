import MillraceCore
import MillraceWire

/// Figures as people read them; empty for unknown.
enum Figures {
  static func bytes(_ count: Int64?) -> String { count.map { Bytes(max(0, $0)).description } ?? "" }

  static func span(_ seconds: Double?) -> String {
    seconds.map { Duration.microseconds(Int64(($0 * 1e6).rounded())).text } ?? ""
  }

  /// Thousandths of a processor: `0.5`, `2`.
  static func processors(_ millis: Int64?) -> String {
    guard let millis else { return "" }
    let fraction = "\(1000 + millis % 1000)".dropFirst().reversed().drop { $0 == "0" }.reversed()
    return "\(millis / 1000)" + (fraction.isEmpty ? "" : "." + String(fraction))
  }

  /// `2`, `1.5`.
  static func number(_ number: Double) -> String {
    number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
  }

  static func time(_ text: String?) -> String { text.map(Moment.local) ?? "" }

  static func raw<Value: CustomStringConvertible>(_ value: Value?) -> String { value?.description ?? "" }

  static func labels(_ labels: [String: String]?) -> String {
    (labels ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  /// The first digits of a build's SHA-256.
  static func build(_ sha256: String) -> String { String(sha256.prefix(12)) }

  /// `memory +45%, time +30%`.
  static func regressions(_ regressions: [RegressionView]?) -> String {
    (regressions ?? []).map(\.text).joined(separator: ", ")
  }

  /// `1 process`, `3 processes`.
  static func count(_ number: Int64, _ one: String, _ many: String) -> String {
    "\(number) \(number == 1 ? one : many)"
  }
}

extension UsageView {
  /// Processor time in user mode and in the kernel; nil if both are unknown.
  var cpuSeconds: Double? {
    cpuUserSeconds == nil && cpuSystemSeconds == nil ? nil : (cpuUserSeconds ?? 0) + (cpuSystemSeconds ?? 0)
  }
}
