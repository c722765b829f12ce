package import MillraceCore

/// The runner at one moment, as a report on its health: `GET /v1/status`.
package struct StatusView: Codable, Sendable, Equatable {
  package var version: String
  package var pid: Int32
  package var started: String
  /// Whether jobs can be taken and started.
  package var healthy: Bool
  /// Why the record can't be written and what helps; nil if it can.
  package var recordTrouble: String?
  package var draining: Bool
  package var queued: Int
  package var scheduled: Int
  package var running: Int
  /// What running attempts may take together, …
  package var capacity: ResourcesView
  /// … what they count with in admission, …
  package var used: ResourcesView
  /// … and what is left; never below zero.
  package var available: ResourcesView
  /// `none`, `warning` or `critical`.
  package var pressure: String
  /// What the pressure comes from, in words with the level.
  package var pressureCause: String
  package var machine: MachineView
  /// How many of the queued jobs are held.
  package var held: Int?
  /// What the runner does, then whatever else is paused or stopping.
  package var stations: [StationView]?
  /// The settings that were changed at run time.
  package var settings: [SettingView]?
  /// The processes that have a plugin loaded and fork its jobs; nil if there are none.
  package var hosts: [HostView]?
  /// The cluster in a few figures; nil if there is none in the configuration.
  package var cluster: ClusterView?
  /// The last things that an operator should know of, oldest first.
  package var notices: [NoticeView]

  package init(
    version: String, pid: Int32, started: String, healthy: Bool = true, recordTrouble: String? = nil,
    draining: Bool = false, queued: Int = 0, scheduled: Int = 0, running: Int = 0, capacity: Resources,
    used: Resources,
    pressure: Pressure = .none, pressureCause: String = "there is none",
    machine: MachineView = MachineView(), notices: [NoticeView] = []
  ) {
    self.version = version
    self.pid = pid
    self.started = started
    self.healthy = healthy
    self.recordTrouble = recordTrouble
    self.draining = draining
    self.queued = queued
    self.scheduled = scheduled
    self.running = running
    self.capacity = ResourcesView(capacity)
    self.used = ResourcesView(used)
    available = ResourcesView(capacity - used)
    self.pressure = pressure.word
    self.pressureCause = pressureCause
    self.machine = machine
    self.notices = notices
  }
}

/// What was measured of the machine and of all attempts together; nil where the kernel does not tell or
/// nothing ran yet.
package struct MachineView: Codable, Sendable, Equatable {
  /// Working set of all attempts together.
  package var treeMemoryBytes: Int64?
  package var memoryTotalBytes: Int64?
  package var memoryAvailableBytes: Int64?
  /// Share of the last 10 s in which some task of the attempts waited for memory.
  package var memoryStallPercent: Double?
  /// Processes ready to run, averaged over a minute.
  package var load: Double?

  /// Makes the view of a sample.
  package init(_ sample: MachineSample = MachineSample()) {
    treeMemoryBytes = sample.treeMemory?.rawValue
    memoryTotalBytes = sample.memoryTotal?.rawValue
    memoryAvailableBytes = sample.memoryAvailable?.rawValue
    memoryStallPercent = sample.memoryStall
    load = sample.load
  }
}

/// A warm host: a process that has a plugin loaded, and forks its jobs.
package struct HostView: Codable, Sendable, Equatable {
  package var host: UInt32
  package var plugin: String
  package var sha256: String
  /// `warming`, `ready`, `preparing` or `closing`.
  package var state: String
  /// The affinity key that it is prepared for, and by which handler.
  package var key: String?
  package var handler: String?
  /// Attempts that it has started.
  package var started: Int
  /// What it took to load and warm up, and what a fork of it takes (median of the last); nil before that.
  package var warmUpSeconds: Double?
  package var forkSeconds: Double?
  package var memoryBytes: Int64?

  package init(host: UInt32, plugin: String, sha256: String, state: String, started: Int) {
    self.host = host
    self.plugin = plugin
    self.sha256 = sha256
    self.state = state
    self.started = started
  }
}

/// Something that an operator should know of, and when it happened.
package struct NoticeView: Codable, Sendable, Equatable {
  package var time: String
  package var text: String

  package init(time: Timestamp, text: String) {
    self.time = Wire.text(of: time)
    self.text = text
  }
}
