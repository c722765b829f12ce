import Logging
import MillraceCore
import MillraceYAML

/// A setting that can be changed while the runner works.
struct LiveSetting {
  /// As in the configuration, with dots between the names.
  let name: String
  /// Returns its value as it is written there; empty for no bound.
  let text: (Configuration) -> String

  /// Returns the names that a setting is below, with its own; those of handlers and groups may have dots.
  static func path(of name: String) -> [String] {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count > 3, ["handlers", "groups"].contains(parts[0]) else { return parts }
    return [parts[0], parts[1..<(parts.count - 1)].joined(separator: "."), parts[parts.count - 1]]
  }

  /// Whether a setting of the configuration can be changed while the runner works.
  static func isLive(_ path: [String]) -> Bool {
    switch (path[0], path.count) {
    case ("defaults", 2): Setting.wishNames.contains(path[1])
    case ("handlers", 3): Setting.handlerNames.contains(path[2])
    case ("groups", 3): groupNames.contains(path[2])
    default: fixed.contains { $0.name == path.joined(separator: ".") }
    }
  }

  private static let groupNames = ["concurrency", "rate", "order"]

  /// Every one that there is with a configuration, in its order.
  static func all(in configuration: Configuration) -> [LiveSetting] {
    let groups = configuration.groups.keys.sorted().flatMap(ofGroup)
    let handlers = configuration.handlers.keys.sorted().flatMap(ofHandler)
    return fixed.dropLast() + groups + handlers + fixed.suffix(1)
  }

  private static func ofGroup(_ name: String) -> [LiveSetting] {
    [
      LiveSetting(name: "groups.\(name).concurrency") { count($0.groups[name]?.concurrency) },
      LiveSetting(name: "groups.\(name).rate") { $0.groups[name]?.rate?.shortText ?? "" },
      LiveSetting(name: "groups.\(name).order") { $0.groups[name]?.order.rawValue ?? "" },
    ]
  }

  private static func ofHandler(_ name: String) -> [LiveSetting] {
    func wish(_ last: String, _ text: @escaping (Wishes) -> String) -> LiveSetting {
      LiveSetting(name: "handlers.\(name).\(last)") { $0.handlers[name].map { text($0.wishes) } ?? "" }
    }
    return [
      wish("memory") { $0.memory.map(size) ?? "" }, wish("cpu") { $0.cpuMillis.map(processors) ?? "" },
      wish("pids") { $0.pids.map { "\($0)" } ?? "" }, wish("timeout") { $0.timeout.map(span) ?? "" },
      wish("grace") { $0.grace.map(span) ?? "" }, wish("max_attempts") { count($0.maxAttempts) },
      wish("retry_delay") { $0.retryDelay.map(span) ?? "" },
      LiveSetting(name: "handlers.\(name).concurrency") { count($0.handlers[name]?.concurrency) },
      LiveSetting(name: "handlers.\(name).rate") { $0.handlers[name]?.rate?.shortText ?? "" },
    ]
  }

  private static var fixed: [LiveSetting] {
    [
      LiveSetting(name: "capacity.memory") { share($0.capacity.memory, size) },
      LiveSetting(name: "capacity.cpu") { share($0.capacity.cpuMillis, processors) },
      LiveSetting(name: "capacity.slots") { "\($0.capacity.slots)" },
      LiveSetting(name: "capacity.overcommit") { number($0.capacity.overcommit) },
      LiveSetting(name: "queue.max_queued") { "\($0.queue.maxQueued)" },
      LiveSetting(name: "queue.aging") { span($0.queue.aging) },
      LiveSetting(name: "queue.policy") { $0.queue.policy.rawValue },
      LiveSetting(name: "queue.backfill_window") { $0.queue.backfillWindow.map { "\($0)" } ?? "all" },
      LiveSetting(name: "queue.stagger") { span($0.queue.stagger) },
      LiveSetting(name: "pressure.warning") { percent($0.pressure.warning * 100) },
      LiveSetting(name: "pressure.critical") { percent($0.pressure.critical * 100) },
      LiveSetting(name: "pressure.available_warning") { percent($0.pressure.availableWarning * 100) },
      LiveSetting(name: "pressure.available_critical") { percent($0.pressure.availableCritical * 100) },
      LiveSetting(name: "pressure.stall_warning") { percent($0.pressure.stallWarning) },
      LiveSetting(name: "pressure.stall_critical") { percent($0.pressure.stallCritical) },
      LiveSetting(name: "pressure.freeze_after") { $0.pressure.freezeAfter.map(span) ?? "never" },
      LiveSetting(name: "pressure.evict_after") { span($0.pressure.evictAfter) },
      LiveSetting(name: "defaults.memory") { size($0.defaults.limits.memory) },
      LiveSetting(name: "defaults.cpu") { processors($0.defaults.limits.cpuMillis) },
      LiveSetting(name: "defaults.pids") { "\($0.defaults.limits.pids)" },
      LiveSetting(name: "defaults.timeout") { span($0.defaults.timeout) },
      LiveSetting(name: "defaults.grace") { span($0.defaults.grace) },
      LiveSetting(name: "defaults.max_attempts") { "\($0.defaults.maxAttempts)" },
      LiveSetting(name: "defaults.retry_delay") { span($0.defaults.retryDelay) },
      LiveSetting(name: "log_level") { $0.logLevel.rawValue },
    ]
  }
}

extension LiveSetting {
  private static func count(_ count: Int?) -> String { count.map { "\($0)" } ?? "" }

  private static func share<Amount>(
    _ share: Configuration.Share<Amount>, _ text: (Amount) -> String
  ) -> String {
    switch share {
    case .percent(let part): percent(part)
    case .amount(let amount): text(amount)
    }
  }

  private static func percent(_ part: Double) -> String { number((part * 1000).rounded() / 1000) + "%" }

  private static func number(_ number: Double) -> String {
    number == number.rounded() ? "\(Int64(number))" : "\(number)"
  }

  private static func processors(_ millis: Int64) -> String { number(Double(millis) / 1000) }

  /// A size with the largest unit that keeps it whole.
  private static func size(_ bytes: Bytes) -> String {
    for (unit, shift) in [("T", 40), ("G", 30), ("M", 20), ("K", 10)]
    where bytes.rawValue > 0 && bytes.rawValue % (1 << shift) == 0 {
      return "\(bytes.rawValue >> shift)\(unit)"
    }
    return "\(bytes.rawValue)"
  }

  /// A span with the largest unit that keeps it whole.
  private static func span(_ span: Duration) -> String {
    let micros = span.microseconds
    for (unit, length) in [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000)]
      as [(String, Int64)] where micros % length == 0 && (micros > 0 || unit == "s")
    {
      return "\(micros / length)\(unit)"
    }
    return "\(Double(micros) / 1000)ms"
  }
}
