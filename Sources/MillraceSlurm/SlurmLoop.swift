import Logging
import MillraceCore
import MillraceEngine
import MillraceLinux

/// The one owner of all bundles: what it is told, what the spool shows and what Slurm answers come together
/// here, one after the other. It waits for the spool, never for Slurm.
actor SlurmLoop {
  typealias Instant = ContinuousClock.Instant

  /// What it is told.
  enum Command: Sendable {
    case takeOver([KeptAttempt], CheckedContinuation<[AttemptID], any Error>)
    case launch([LaunchPlan])
    case release([AttemptID])
    case stop(AttemptID, Ridden.Stop)
    case tick(CheckedContinuation<Void, Never>)
    case answer(SlurmRequest, Result<SlurmReply, SlurmError>)
    case end(CheckedContinuation<Void, Never>)
  }

  let settings: SlurmSettings
  let spool: SpoolDirectory
  let logs: LogFiles
  let logger: Logger
  let events: AsyncStream<LaunchEvent>.Continuation
  let inbox: AsyncStream<Command>.Continuation
  let desk: SlurmDesk
  /// From which the secrets of bundles are made; nil if nodes share the spool.
  let key: CourierKey?
  private let executor = QueueExecutor("slurm")

  /// By name, and which attempt rides in which.
  var bundles: [String: Bundle] = [:]
  var rides: [AttemptID: Bundle] = [:]
  /// Bundles that wait for more attempts, oldest first.
  var forming: [FormingBundle] = []
  /// Bundles that are to be submitted, in order.
  var outbox: [String] = []
  var standing = ClusterStanding(trouble: nil, since: SlurmLoop.wall())
  /// Whether Slurm has answered yet.
  var hasAnswered = false
  var isDeskBusy = false
  var nextPoll = ContinuousClock.now
  var nextNodePoll = ContinuousClock.now
  /// When Slurm was asked of jobs last.
  var askedJobs = ContinuousClock.now
  /// When each node was heard of last.
  var lastSeen: [String: Timestamp] = [:]
  private var hasEnded = false
  private var count = 0
  private let birth = SlurmLoop.wall().rawValue

  init(
    settings: SlurmSettings, spool: SpoolDirectory, key: CourierKey?, logs: LogFiles, logger: Logger,
    events: AsyncStream<LaunchEvent>.Continuation, inbox: AsyncStream<Command>.Continuation
  ) {
    self.settings = settings
    self.spool = spool
    self.key = key
    self.logs = logs
    self.logger = logger
    self.events = events
    self.inbox = inbox
    desk = SlurmDesk(
      SlurmCommands(directory: settings.commands, configuration: settings.configuration),
      user: settings.user.uid)
  }

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func handle(_ command: Command) {
    switch command {
    case .takeOver(let open, let answer): answer.resume(with: Result { try takeOver(open) })
    case .launch(let plans): launch(plans)
    case .release(let attempts): release(attempts)
    case .stop(let attempt, let how): stop(attempt, how)
    case .tick(let answer):
      tick()
      answer.resume()
    case .answer(let request, let result):
      isDeskBusy = false
      take(result, to: request)
    case .end(let answer):
      hasEnded = true
      events.finish()
      answer.resume()
    }
    if !hasEnded { askSlurm() }
  }

  private func tick() {
    let now = ContinuousClock.now
    closeForming(at: now)
    for bundle in Array(bundles.values) where bundle.nextLook <= now {
      // One that waits in Slurm's queue has nothing new to show, as a rule.
      let isQueued = bundle.state == .waiting && standing.trouble == nil && bundle.beat == nil
      // And of one that was closed only something late may come.
      let isSettled = bundle.closedSince != nil && bundle.unresolved.isEmpty
      bundle.nextLook = isQueued || isSettled ? now + settings.poll : now
      look(at: bundle, now)
    }
  }

  /// A name that no other bundle has had, of this runner or another one.
  func newName() -> String {
    count += 1
    return "millrace-\(String(birth, radix: 36))-\(count)"
  }

  static func wall() -> Timestamp { LinuxWallClock.read() }

  /// Tells where an attempt is, if that is news.
  func tell(_ attempt: AttemptID, in bundle: Bundle) {
    let whereabouts = bundle.whereabouts(of: attempt)
    guard bundle.attempts[attempt]?.isOpen == true, bundle.attempts[attempt]?.told != whereabouts else {
      return
    }
    bundle.attempts[attempt]?.told = whereabouts
    events.yield(.placed(attempt, whereabouts))
  }

  /// Writes a bundle's ledger; what can't be written is said, and costs a later runner some knowledge.
  func note(_ bundle: Bundle) {
    do { try spool.write(bundle.ledger) } catch {
      logger.error("ledger not written", metadata: ["bundle": "\(bundle.name)", "error": "\(error)"])
    }
  }
}

/// A bundle that waits for more attempts.
struct FormingBundle {
  var manifest: BundleManifest
  let due: SlurmLoop.Instant
}
