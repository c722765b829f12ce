package import MillraceCore

/// The runner at one moment: the report on its health.
package struct RunnerStatus: Sendable, Equatable, Codable {
  package var version: String
  package var pid: Int32
  package var started: Timestamp
  /// Whether it takes no new jobs and only finishes the running ones.
  package var draining: Bool
  package var queued: Int
  package var scheduled: Int
  package var running: Int
  /// What running attempts may take together.
  package var capacity: Resources
  /// What they count with in admission.
  package var used: Resources
  /// The last that was measured of the machine; all unknown before anything ran.
  package var machine: MachineSample
  package var pressure: Pressure
  /// What the pressure comes from.
  package var pressureCause: String
  /// Whether jobs can be taken and started: the record can be written, it does not drain, and memory is not
  /// critically short.
  package var isHealthy: Bool
  /// How many of the queued jobs are held.
  package var held = 0
  /// What the runner does, then whatever else is paused or stopping.
  package var stations: [StationState] = []
  /// The settings that were changed at run time.
  package var settings: [SettingState] = []
  /// The processes that have a plugin loaded and fork its jobs.
  package var hosts: [WarmHostState] = []
  /// The cluster; nil if there is none in the configuration.
  package var cluster: ClusterSummary?
  /// Why the record can't be written and what helps; nil if it can.
  package var recordTrouble: String?
  /// The last things that an operator should know of, oldest first.
  package var notices: [RunnerNotice]

  package init(
    version: String, pid: Int32, started: Timestamp, draining: Bool, queued: Int, scheduled: Int,
    running: Int, capacity: Resources, used: Resources, machine: MachineSample = MachineSample(),
    pressure: Pressure = .none, pressureCause: String = "there is none", isHealthy: Bool = true,
    recordTrouble: String? = nil, notices: [RunnerNotice] = []
  ) {
    self.version = version
    self.pid = pid
    self.started = started
    self.draining = draining
    self.queued = queued
    self.scheduled = scheduled
    self.running = running
    self.capacity = capacity
    self.used = used
    self.machine = machine
    self.pressure = pressure
    self.pressureCause = pressureCause
    self.isHealthy = isHealthy
    self.recordTrouble = recordTrouble
    self.notices = notices
  }
}

/// Something that an operator should know of, and when it happened.
package struct RunnerNotice: Hashable, Sendable, Codable {
  package var time: Timestamp
  package var text: String

  package init(time: Timestamp, text: String) {
    self.time = time
    self.text = text
  }
}
