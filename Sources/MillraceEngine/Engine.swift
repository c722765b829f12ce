package import Logging
package import MillraceCore

/// The one owner of the scheduler: takes in what happens, lets the core decide, commits, then acts.
///
/// Everything goes through one inbox. A tick takes all that is in it, so that many submissions and ends share
/// one commit. Nothing is started before its start is committed; stops need no commit and never wait for one.
package actor Engine: JobService {
  /// The parts that an engine works with.
  package struct Ports: Sendable {
    package var store: any JobStore
    package var launcher: any Launcher
    /// What runs attempts elsewhere; nil if they all run here.
    package var cluster: (any ClusterLauncher)?
    package var plugins: any PluginSource
    package var logs: any AttemptLogs
    package var clock: any SteadyClock
    /// What can be changed at run time; nil if nothing can.
    package var settings: (any RuntimeSettings)?
    /// What schedules need; nil for a runner without them.
    package var schedules: ScheduleParts?

    package init(
      store: any JobStore, launcher: any Launcher, cluster: (any ClusterLauncher)? = nil,
      plugins: any PluginSource,
      logs: any AttemptLogs, clock: any SteadyClock, settings: (any RuntimeSettings)? = nil,
      schedules: ScheduleParts? = nil
    ) {
      self.store = store
      self.launcher = launcher
      self.cluster = cluster
      self.plugins = plugins
      self.logs = logs
      self.clock = clock
      self.settings = settings
      self.schedules = schedules
    }
  }

  let ports: Ports
  var reception: Reception
  let log: Logger
  let identity: (version: String, pid: Int32)
  /// The kernel's boot id; nil if it does not matter.
  let boot: String?
  let startTime: Timestamp
  /// Whether spans of attempts are written: handlers are told theirs then, else the submitter's.
  let isTraced: Bool

  var scheduler: Scheduler
  var changedSettings = ChangedSettings()
  var inUse = Catalog(plugins: [], refused: [])
  /// Whether the plugin directory was read: before, an unknown handler may only not be known yet.
  var hasCatalog = false
  let inbox = Inbox()
  var backlog = Backlog()
  var scheduleBook = ScheduleBook()
  var eventBook = EventBook()
  var meters = Meters()
  /// Why the record can't be written; nil if it can, as far as is known.
  var trouble: RecordTrouble?
  var progress: [JobID: Progress] = [:]
  var samples: [AttemptID: UsageSample] = [:]
  var usage: [AttemptID: UsageSeries] = [:]
  /// Attempts that were given to the cluster and are not released, and where each is there.
  var abroad: [AttemptID: Whereabouts] = [:]
  /// When the machine was last looked at.
  var lastSample: Timestamp?
  var waiters = Waiters()
  /// For the first deadline of those who wait.
  lazy var waitAlarm = Alarm(clock: ports.clock) { [weak self] in
    guard let self else { return }
    Task { await self.resumeLateWaiters() }
  }
  /// The last things that an operator should know of, oldest first.
  var notices: [RunnerNotice] = []
  let bell: AsyncStream<Void>
  let ring: AsyncStream<Void>.Continuation
  let sampleBell: AsyncStream<Void>
  let sampleRing: AsyncStream<Void>.Continuation
  let auditBell: AsyncStream<Void>
  let auditRing: AsyncStream<Void>.Continuation
  /// Jobs of which record and scheduler did not tell the same when that was last compared, and whether the
  /// operator was told.
  var suspects: [JobID: Bool] = [:]
  /// Whether something was found last time that may be wrong: another look will tell.
  var hasSuspects = false
  var isStopping = false
  /// Whether the jobs on record are known to the scheduler.
  var isRestored = false
  /// Whether the last tick is over: nothing is taken in any more.
  var hasStopped = false

  static let draining = Refusal(
    .draining, "the runner is shutting down", hint: "try again when it is back")
  /// How long a caller waits for a change to be on record.
  static let answerTime: Duration = .seconds(10)
  /// How many notices are kept.
  static let maxNotices = 100
  /// How often the usage of running attempts is read.
  static let sampleInterval: Duration = .seconds(1)

  /// Makes an engine; `run` starts it.
  package init(
    ports: Ports, policy: Policy, reception: Reception, version: String, pid: Int32, boot: String? = nil,
    isTraced: Bool = false, log: Logger
  ) {
    self.ports = ports
    self.reception = reception
    self.log = log
    identity = (version, pid)
    self.boot = boot
    self.isTraced = isTraced
    startTime = ports.clock.now()
    scheduler = Scheduler(policy: policy)
    (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (sampleBell, sampleRing) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (auditBell, auditRing) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// What comes in from outside of the actor.
  enum Input: Sendable {
    case submissions(Batch)
    case announcements(Announcement)
    case request(Request)
    case operation(Operation)
    case event(Event)
    case catalog(Catalog)

    /// The submissions; nil if it is something else.
    var batch: Batch? { if case .submissions(let batch) = self { batch } else { nil } }

    /// The announcement; nil if it is something else.
    var announcement: Announcement? { if case .announcements(let found) = self { found } else { nil } }

    /// Answers whoever waits for it that it is not taken in.
    func refuse(_ refusal: Refusal) {
      switch self {
      case .submissions(let batch): batch.answer.resume(throwing: refusal)
      case .announcements(let announcement): announcement.answer.resume(throwing: refusal)
      case .request(let request): request.answer.resume(throwing: refusal)
      case .operation(let operation): operation.refuse(refusal)
      case .event, .catalog: break
      }
    }
  }

  /// What a caller can wait for.
  enum Awaited: Hashable {
    case end(JobID)
    /// What the next tick takes in and decides is on record.
    case commit
    /// The same of what the present tick, or one before it, has taken in.
    case commitUnderWay
    case drained
    /// The runner, a handler or a group does not drain any more.
    case standstill(Station)
  }

  nonisolated package var history: any HistoryReader { ports.store }
  nonisolated package var logs: any AttemptLogs { ports.logs }

  /// Works until `stop` and the last tick.
  /// - Throws: what the store or the launcher throws while the record is read at the start.
  package func run() async throws {
    defer { close() }
    try await restore()
    try await restoreSchedules()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for await event in self.ports.launcher.events { await self.take(event) } }
      if let cluster = ports.cluster {
        group.addTask { for await event in cluster.events { await self.take(event) } }
      }
      group.addTask { for await catalog in self.ports.plugins.catalogs { self.put(.catalog(catalog)) } }
      group.addTask { await self.sampleWhileRunning() }
      group.addTask { await self.auditWhileRunning() }
      group.addTask { await self.watchSchedules() }
      var alarm = Alarm(clock: ports.clock) { [ring] in ring.yield() }
      for await _ in bell {
        let began = ports.clock.now()
        await tick()
        meters.ticks.observe(ports.clock.now() - began)
        if isStopping { break }
        alarm.set(to: nextWake)
      }
      alarm.stop()
      // Before the others are waited for: one of them may wait for an answer.
      close()
      group.cancelAll()
    }
  }

  /// Starts nothing any more; returns when nothing runs, or when the time is up.
  /// - Returns: how many attempts still run; they stay with the keeper.
  package func drain(atMost time: Duration) async -> Int {
    put(.event(.drain))
    await wait(for: .drained, until: ports.clock.now() + time)
    return scheduler.runningCount
  }

  /// Ends `run` after one more tick.
  package func stop() {
    isStopping = true
    ring.yield()
  }

  nonisolated func put(_ input: Input) {
    switch inbox.put(input) {
    case .first: ring.yield()
    case .behind: break
    case .refused: input.refuse(Self.draining)
    }
  }

  /// How much waits to be taken in.
  var inboxCount: Int { inbox.count }

  /// Nothing will be taken in any more: whoever waits gets an answer.
  private func close() {
    hasStopped = true
    for input in inbox.close() { input.refuse(Self.draining) }
    waiters.resumeAll()
    waitAlarm.stop()
  }
}
