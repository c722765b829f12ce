package import MillraceCore

/// An attempt, ready to be started.
package struct LaunchPlan: Sendable {
  package var attempt: AttemptID
  package var handler: String
  /// The plugin that has the handler.
  package var plugin: Plugin
  package var limits: Limits
  package var priority: Priority
  /// When the attempt times out, however late it starts; nil if that depends on its start alone.
  package var deadline: Timestamp?
  package var payload: StoredPayload
  /// What a cluster must know beside; nil for an attempt on this machine.
  package var order: ClusterOrder?

  package init(
    attempt: AttemptID, handler: String, plugin: Plugin, limits: Limits, priority: Priority,
    deadline: Timestamp?, payload: StoredPayload
  ) {
    self.attempt = attempt
    self.handler = handler
    self.plugin = plugin
    self.limits = limits
    self.priority = priority
    self.deadline = deadline
    self.payload = payload
  }
}

/// What the launcher tells the engine.
package enum LaunchEvent: Sendable {
  /// The process exists.
  case started(AttemptID)
  /// It could not be started; nothing of it is left behind.
  case refused(AttemptID, reason: String)
  case progress(AttemptID, Progress)
  /// Something that the operator should know of.
  case notice(String)
  /// All of its processes are gone. What is known of it is kept until `release`, whatever becomes of the
  /// runner.
  case ended(AttemptID, AttemptReport)
  /// Where in the cluster it is.
  case placed(AttemptID, Whereabouts)
  /// An attempt that was given up as lost has left an end after all.
  case late(AttemptID, AttemptReport)
  /// How the cluster is.
  case cluster(ClusterStanding)
}

/// An attempt that a former runner started and that is still known to the keeper.
package struct KeptAttempt: Sendable, Equatable {
  package var attempt: AttemptID
  package var plugin: String

  package init(attempt: AttemptID, plugin: String) {
    self.attempt = attempt
    self.plugin = plugin
  }
}

/// A warm host at one moment: a process that has a plugin loaded, and forks its jobs.
package struct WarmHostState: Sendable, Equatable, Codable {
  package var number: UInt32
  package var plugin: String
  package var sha256: String
  /// What it does: `warming`, `ready`, `preparing` or `closing`.
  package var state: String
  /// The affinity key that it is prepared for, and the handler that did so; nil if it is for none.
  package var key: String?
  package var handler: String?
  /// Attempts that it has started.
  package var started: Int
  /// What it took to get warm, and what a fork of it takes (median of the last); zero while none is known.
  package var warmUp: Duration
  package var fork: Duration
  /// Its working set; nil if the kernel does not tell.
  package var memory: Bytes?

  package init(
    number: UInt32, plugin: String, sha256: String, state: String, key: String?, handler: String?,
    started: Int, warmUp: Duration, fork: Duration, memory: Bytes?
  ) {
    self.number = number
    self.plugin = plugin
    self.sha256 = sha256
    self.state = state
    self.key = key
    self.handler = handler
    self.started = started
    self.warmUp = warmUp
    self.fork = fork
    self.memory = memory
  }
}

/// Runs attempts, each capped in a place of its own: on this machine (`Launcher`) or on others
/// (`ClusterLauncher`).
package protocol AttemptLauncher: Sendable {
  /// What happens, in order; there is one reader.
  var events: AsyncStream<LaunchEvent> { get }
  /// Takes over what a former runner left: attempts in `open` that are still known go on and end by an
  /// event, thawed if they were frozen; those that have ended and were not released end by an event too,
  /// maybe for the second time; everything else that is found is killed and removed. Returns those that end
  /// by an event.
  func takeOver(open: [KeptAttempt]) async throws -> [AttemptID]
  /// Starts attempts in this order; each answer is an event.
  func launch(_ plans: [LaunchPlan]) async
  /// Lets go of attempts whose ends are on record: their cgroups are removed, and no later runner is told of
  /// them. Before that, a crash of the runner loses nothing: the end is told again. Attempts that are not
  /// known are passed over.
  func release(_ attempts: [AttemptID]) async
  /// Asks all processes of an attempt to end (SIGTERM).
  func terminate(_ attempt: AttemptID) async
  /// Kills all processes of an attempt at once.
  func kill(_ attempt: AttemptID) async
}

/// Runs attempts on this machine.
package protocol Launcher: AttemptLauncher {
  /// Starts an attempt; the answer is an event.
  func launch(_ plan: LaunchPlan) async
  /// Stops all processes of an attempt where they are (`cgroup.freeze`).
  func freeze(_ attempt: AttemptID) async
  /// Lets them go on.
  func thaw(_ attempt: AttemptID) async
  /// Returns what each running attempt uses now, and how the machine is.
  func sample() async -> (attempts: [AttemptID: UsageSample], machine: MachineSample)
  /// Returns the warm hosts that there are.
  func hosts() async -> [WarmHostState]
  /// Closes the warm hosts that nobody needs now: a job waits for their memory.
  func reclaim() async
  /// Compares what is there of attempts with the attempts that should have not ended, or not on record. What
  /// is wrong twice in a row is a leak: it is mended where that is safe, and told.
  func audit(expecting: Set<AttemptID>) async -> Audit
  /// Describes the plugin in a file, in a throw-away, unprivileged, capped process.
  func describe(_ file: String) async throws -> Plugin
}

extension Launcher {
  package func launch(_ plans: [LaunchPlan]) async { for plan in plans { await launch(plan) } }
}
