package import MillraceCore

/// What the runner does for those who come from outside: the API serves this and nothing else.
package protocol JobService: Sendable {
  /// Accepts all of the requests, or none; returned means committed.
  /// - Throws: `Refusal`, with the index of the first request that is not taken.
  func submit(_ requests: [JobRequest]) async throws -> [JobID]
  /// Cancels a job; returns at once with the job as it is then. A running attempt is stopped.
  /// - Throws: `Refusal` if there is no such job or it has ended.
  func cancel(_ job: JobID) async throws -> Job
  /// Returns a job when it has ended, or as it is when the time is up.
  func wait(for job: JobID, atMost time: Duration) async throws -> Job
  /// Returns what is known of a job only while it waits or runs; nil once it has ended.
  func standing(of job: JobID) async -> Standing?
  /// Returns the runner's state.
  func status() async -> RunnerStatus
  /// Returns the plugins in use and the files that were refused.
  func catalog() async -> Catalog
  /// Returns the record.
  var history: any HistoryReader { get }
  /// Returns the output of attempts.
  var logs: any AttemptLogs { get }
}

/// What is known of a job only while it waits or runs.
package struct Standing: Sendable, Equatable {
  /// The newest progress of its running attempt; nil if none was reported.
  package var progress: Progress?
  /// The gates that a queued job is behind, open and closed; empty if it is not queued.
  package var gates: [GateVerdict]
  /// What the running attempt uses now.
  package var usage: UsageSample?

  package init(progress: Progress? = nil, gates: [GateVerdict] = [], usage: UsageSample? = nil) {
    self.progress = progress
    self.gates = gates
    self.usage = usage
  }
}

/// The plugins in use and the files that were refused.
package struct Catalog: Sendable, Equatable {
  package var plugins: [Plugin]
  package var refused: [RefusedPlugin]

  package init(plugins: [Plugin], refused: [RefusedPlugin]) {
    self.plugins = plugins
    self.refused = refused
  }
}

/// The runner at one moment.
package struct RunnerStatus: Sendable, Equatable, Codable {
  package var version: String
  package var pid: Int32
  package var started: Timestamp
  /// Whether it takes no new jobs and only finishes the running ones.
  package var draining: Bool
  package var queued: Int
  package var scheduled: Int
  package var running: Int
  package var slots: Int
  package var memoryUsed: Bytes
  package var memoryCapacity: Bytes
  package var cpuMillisUsed: Int64
  package var cpuMillisCapacity: Int64

  package init(
    version: String, pid: Int32, started: Timestamp, draining: Bool, queued: Int, scheduled: Int,
    running: Int, slots: Int, memoryUsed: Bytes, memoryCapacity: Bytes, cpuMillisUsed: Int64,
    cpuMillisCapacity: Int64
  ) {
    self.version = version
    self.pid = pid
    self.started = started
    self.draining = draining
    self.queued = queued
    self.scheduled = scheduled
    self.running = running
    self.slots = slots
    self.memoryUsed = memoryUsed
    self.memoryCapacity = memoryCapacity
    self.cpuMillisUsed = cpuMillisUsed
    self.cpuMillisCapacity = cpuMillisCapacity
  }
}
