/// What an attempt used in all; nil where the kernel does not tell, never 0 for "unknown".
package struct Usage: Hashable, Sendable, Codable {
  /// The most memory it held at once (`memory.peak`, Linux 5.19); under 0.3 MiB it means nothing.
  package var memoryPeak: Bytes?
  /// Processor time in user mode, all processes together.
  package var cpuUser: Duration?
  /// Processor time in the kernel.
  package var cpuSystem: Duration?
  /// How long it was held back by its CPU limit.
  package var throttled: Duration?
  /// Bytes read from block devices.
  package var ioRead: Bytes?
  /// Bytes written to block devices.
  package var ioWritten: Bytes?
  /// The most processes and threads at once (`pids.peak`, Linux 6.6).
  package var pidsPeak: Int64?
  /// How often its own memory limit made the kernel kill (`memory.events` `oom_kill`).
  package var oomKills: Int64?
  /// How often a fork was refused by `pids.max` (`pids.events` `max`).
  package var forksRefused: Int64?
  /// How long after its start its memory was near its peak; nil if it was too short to be sampled.
  package var timeToPeak: Duration?

  /// Makes a measurement; what is left out is unknown.
  package init(
    memoryPeak: Bytes? = nil, cpuUser: Duration? = nil, cpuSystem: Duration? = nil,
    throttled: Duration? = nil, ioRead: Bytes? = nil, ioWritten: Bytes? = nil, pidsPeak: Int64? = nil,
    oomKills: Int64? = nil, forksRefused: Int64? = nil, timeToPeak: Duration? = nil
  ) {
    self.memoryPeak = memoryPeak
    self.cpuUser = cpuUser
    self.cpuSystem = cpuSystem
    self.throttled = throttled
    self.ioRead = ioRead
    self.ioWritten = ioWritten
    self.pidsPeak = pidsPeak
    self.oomKills = oomKills
    self.forksRefused = forksRefused
    self.timeToPeak = timeToPeak
  }
}

/// What a running attempt uses at one moment; nil where the kernel does not tell.
package struct UsageSample: Hashable, Sendable {
  /// `memory.current − inactive_file`: what can't be taken back without the attempt noticing.
  package var workingSet: Bytes?
  /// Processor time since its start.
  package var cpu: Duration?
  /// How often it hit its own memory limit (`memory.events` `max`).
  package var memoryLimitHits: Int64?

  /// Makes a sample; what is left out is unknown.
  package init(workingSet: Bytes? = nil, cpu: Duration? = nil, memoryLimitHits: Int64? = nil) {
    self.workingSet = workingSet
    self.cpu = cpu
    self.memoryLimitHits = memoryLimitHits
  }
}
