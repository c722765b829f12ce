/// What the machine and the whole tree of jobs show at one moment; nil where the kernel does not tell.
package struct MachineSample: Hashable, Sendable, Codable {
  /// Working set of all attempts together: `memory.current − inactive_file` of their common cgroup.
  package var treeMemory: Bytes?
  /// `MemTotal` and `MemAvailable` of `/proc/meminfo`.
  package var memoryTotal: Bytes?
  package var memoryAvailable: Bytes?
  /// Share of the last 10 s in which some task of the tree waited for memory, in percent (PSI `some avg10`).
  package var memoryStall: Double?
  /// Working set of the warm hosts, which is a part of `treeMemory`; nil if there are none.
  package var hostMemory: Bytes?
  /// Processes ready to run, averaged over a minute (`/proc/loadavg`).
  package var load: Double?

  /// Makes a sample; what is left out is unknown.
  package init(
    treeMemory: Bytes? = nil, memoryTotal: Bytes? = nil, memoryAvailable: Bytes? = nil,
    memoryStall: Double? = nil, load: Double? = nil
  ) {
    self.treeMemory = treeMemory
    self.memoryTotal = memoryTotal
    self.memoryAvailable = memoryAvailable
    self.memoryStall = memoryStall
    self.load = load
  }
}

/// How short memory is.
package enum Pressure: Int, Hashable, Comparable, Sendable, Codable, CaseIterable {
  case none, warning, critical

  package static func < (left: Pressure, right: Pressure) -> Bool { left.rawValue < right.rawValue }

  /// The level as a word.
  package var word: String {
    switch self {
    case .none: "none"
    case .warning: "warning"
    case .critical: "critical"
    }
  }
}

/// When memory is short, and what is done about it.
package struct PressureRules: Sendable, Equatable {
  /// The parts of the capacity from which on the use of all attempts is a warning, and critical.
  package var warning = 0.80
  package var critical = 0.90
  /// A level is left only when the measure has come back by this much, relative to its threshold.
  package var hysteresis = 0.05
  /// The parts of the machine's memory under which what is available is a warning, and critical.
  package var availableWarning = 0.08
  package var availableCritical = 0.04
  /// The shares of time that tasks wait for memory (PSI `some avg10`, percent): a warning, and critical.
  package var stallWarning = 20.0
  package var stallCritical = 50.0
  /// How long it must be critical before the last-ranked attempt is frozen; nil for never.
  package var freezeAfter: Duration? = .seconds(10)
  /// How long an attempt is frozen before it is evicted, if it still is critical.
  package var evictAfter: Duration = .seconds(30)

  package init() {}
}
