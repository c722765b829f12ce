import CMillraceLinux
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import Synchronization

/// The one thread that starts attempts, watches them and clears up behind them.
///
/// It waits in epoll for commands, the keeper's packets, output, progress and emptied cgroups.
final class LaunchLoop: @unchecked Sendable {
  // SAFETY: all stored state but `commands` is touched by the loop's own thread only; `commands` has a lock.

  /// What others ask of the loop.
  enum Command {
    case launch([LaunchPlan])
    case release([AttemptID])
    case terminate(AttemptID)
    case kill(AttemptID)
    case freeze(AttemptID)
    case thaw(AttemptID)
    case sample(CheckedContinuation<Samples, Never>)
    case takeOver([KeptAttempt], CheckedContinuation<[AttemptID], any Error>)
    case audit(Set<AttemptID>, CheckedContinuation<Audit, Never>)
    case hosts(CheckedContinuation<[WarmHostState], Never>)
    case reclaim
    case describe(String, CheckedContinuation<Plugin, any Error>)
    case stop(CheckedContinuation<Void, Never>)

    /// The attempts that are let go of.
    var released: [AttemptID] { if case .release(let ids) = self { ids } else { [] } }
  }

  typealias Samples = (attempts: [AttemptID: UsageSample], machine: MachineSample)

  /// What a tag of epoll stands for; the rest of the tag is the attempt's serial number.
  enum Source: UInt64 { case command, keeper, log, channel, population, process, host }

  /// Bits of epoll: the same as those of poll(2).
  static let readable = UInt32(POLLIN)
  static let urgent = UInt32(POLLPRI)

  let tree: CgroupTree
  let settings: LaunchSettings
  let logs: LogFiles
  let logger: Logger
  private let events: AsyncStream<LaunchEvent>.Continuation
  /// What is told at the end of this turn: whoever waits for it is woken once.
  private var news: [LaunchEvent] = []

  private let commands = Mutex(Commands())
  private let bell: Descriptor
  let epoll: Descriptor
  var workDirectories: WorkDirectories
  /// Where kernel files are read.
  let buffer = ReadingBuffer()
  /// Who is to blame when the kernel kills.
  let culprits: MemoryCulprits
  /// There from the first sample on.
  var machine: MachineGauges?
  var keeper: KeeperConnection?
  /// What a keeper held that died before anybody took over.
  var orphans: [KeeperPacket.Kept] = []
  /// When a keeper took the place of one that had died, and when the next may; monotonic, in ms.
  var lastReplacement: Int64 = 0
  var keeperDeadline: Int64?
  var attempts: [UInt64: LiveAttempt] = [:]
  var serials: [AttemptID: UInt64] = [:]
  /// Those of them that something is to be done about at a time: few, whatever runs.
  var timed: [UInt64: LiveAttempt] = [:]
  /// Attempts whose ends were told and are not known to be on record: the keeper still has them, and so has
  /// the kernel their leaves. Bounded: while nothing can be recorded, nothing is started.
  var ended: [AttemptID: LiveAttempt] = [:]
  /// Attempts whose ends are on record. Their cgroups are removed when nothing is waited for: behind a start,
  /// in a pause, or when many have come.
  var released: [LiveAttempt] = []
  /// Whether an attempt was started in this turn.
  var hasStarted = false
  /// Attempts that ended in this turn and have left their work directories.
  var leftDirectories: [LiveAttempt] = []
  var nextSerial: UInt64 = 1
  /// The number of the next description: unique on this machine, since a keeper may still know those of a
  /// former runner.
  var nextDescription = -LaunchLoop.monotonicNanoseconds()
  /// Which warm host starts what, and what they have here.
  var pool: WarmPool
  var hosts: [UInt32: WarmHost] = [:]
  /// The audit that waits for the keeper, and what the last one found.
  var inspection: Inspection?
  var suspects: [Inspection.Finding: Bool] = [:]
  /// Whether what a former runner left is settled; until then the keeper's records of it stay.
  var hasTakenOver = false

  private struct Commands {
    var waiting: [Command] = []
    var hasEnded = false
  }

  init(
    tree: CgroupTree, settings: LaunchSettings, logs: LogFiles, logger: Logger,
    events: AsyncStream<LaunchEvent>.Continuation
  ) throws {
    self.tree = tree
    culprits = MemoryCulprits(mount: tree.mount, tree: tree.path)
    self.settings = settings
    pool = WarmPool(settings.warm)
    workDirectories = WorkDirectories(root: settings.workDirectory)
    self.logs = logs
    self.logger = logger
    self.events = events
    epoll = Descriptor(owning: try check(millrace_epoll_create(), "make an epoll instance"))
    bell = Descriptor(owning: try check(millrace_eventfd(), "make an eventfd"))
    try watch(bell.number, .command, serial: 0, events: Self.readable)
  }

  /// Starts the thread; it ends after `.stop`.
  func start() throws { try startThread(ofThe: "launcher") { self.run() } }

  /// Asks for something; any thread.
  func put(_ command: Command) {
    let hasEnded = commands.withLock { commands in
      if !commands.hasEnded { commands.waiting.append(command) }
      return commands.hasEnded
    }
    if hasEnded { refuse(command) } else { millrace_eventfd_signal(bell.number) }
  }

  /// Answers a command that comes after the loop's end.
  private func refuse(_ command: Command) {
    switch command {
    case .launch, .release, .terminate, .kill, .freeze, .thaw, .reclaim:
      break  // Nobody reads the events any more.
    case .hosts(let answer): answer.resume(returning: [])
    case .sample(let answer): answer.resume(returning: ([:], MachineSample()))
    case .audit(_, let answer): answer.resume(returning: Audit())
    case .takeOver(_, let answer): answer.resume(throwing: Self.stopped)
    case .describe(_, let answer): answer.resume(throwing: Self.stopped)
    case .stop(let answer): answer.resume()
    }
  }

  static let stopped = LinuxError("use the launcher", .forbidden("it has stopped"))

  func watch(_ descriptor: Int32, _ source: Source, serial: UInt64, events: UInt32) throws {
    let tag = serial << 3 | source.rawValue
    try check(millrace_epoll_add(epoll.number, descriptor, tag, events), "watch a descriptor")
  }

  private func run() {
    var ready = [millrace_ready](repeating: millrace_ready(), count: 64)
    while true {
      let count = millrace_epoll_wait(epoll.number, &ready, Int32(ready.count), timeToNextDeadline())
      for index in 0..<max(0, Int(count)) {
        guard let source = Source(rawValue: ready[index].tag & 7) else { continue }
        if source == .command, let stopped = runCommands() { return stopped.resume() }
        handle(source, serial: ready[index].tag >> 3)
      }
      if keeper?.hasPending == true { readKeeper() }
      if !timed.isEmpty {
        tellProgress()
        endLateDescriptions()
      }
      meetDeadlines()
      tellNews()
      clearDirectories()
      if hasStarted || count == 0 || released.count >= Self.mostReleased { clearReleased() }
      hasStarted = false
    }
  }

  /// How many cgroups wait for their removal at most, and for how long in a pause, in ms.
  private static let mostReleased = Int(MILLRACE_KEEPER_PAGE)
  private static let pause: Int64 = 5

  /// Tells what happened, soon and in order.
  func tell(_ event: LaunchEvent) { news.append(event) }

  private func tellNews() {
    for event in news { events.yield(event) }
    news.removeAll(keepingCapacity: true)
  }

  /// Runs all commands that are there; returns who waits for the loop's end, if that was asked for.
  private func runCommands() -> CheckedContinuation<Void, Never>? {
    millrace_eventfd_drain(bell.number)
    let batch = commands.withLock { commands in
      defer { commands.waiting = [] }
      return commands.waiting
    }
    release(batch.flatMap(\.released))  // What has ended is nothing to the other commands.
    for (index, command) in batch.enumerated() {
      switch command {
      case .launch(let plans): plans.forEach(launch)
      case .release: break
      case .terminate(let id): startWaiting(id).map { signal($0, SIGTERM) }
      case .kill(let id): startWaiting(id).map(kill)
      case .hosts(let answer): answer.resume(returning: hostStates())
      case .reclaim: pool.free.forEach(closeHost)
      case .freeze(let id): attempt(id).map { setFrozen($0, true) }
      case .thaw(let id): attempt(id).map { setFrozen($0, false) }
      case .sample(let answer):
        clearReleased()  // Nobody is to see what is over.
        answer.resume(returning: samples())
      case .takeOver(let open, let answer): answer.resume(with: Result { try takeOver(open) })
      case .audit(let expected, let answer): audit(expecting: expected, answer)
      case .describe(let file, let answer): describe(file, answer)
      case .stop(let answer):
        let late = commands.withLock { commands in
          commands.hasEnded = true
          return commands.waiting
        }
        for command in batch[(index + 1)...] + late { refuse(command) }
        letGo()
        return answer
      }
    }
    return nil
  }

  private func handle(_ source: Source, serial: UInt64) {
    switch source {
    case .command: break
    case .keeper: readKeeper()
    case .log: attempts[serial].map(readLog)
    case .channel: attempts[serial].map(readChannel)
    case .population: attempts[serial].map(concludeIfEmpty)
    case .process: attempts[serial].map(processEnded)
    case .host: hosts[UInt32(truncatingIfNeeded: serial)].map(readOutput)
    }
  }

  /// Milliseconds until something is to be done without an event; -1 if nothing is.
  private func timeToNextDeadline() -> Int32 {
    let next = timed.values.lazy.compactMap(\.deadline).min()
    let pause = released.isEmpty ? nil : Self.monotonic() + Self.pause
    guard let time = [next, keeperDeadline, pool.nextDeadline, pause].compactMap(\.self).min()
    else { return -1 }
    return Int32(clamping: max(0, time - Self.monotonic()))
  }

  func attempt(_ id: AttemptID) -> LiveAttempt? { serials[id].flatMap { attempts[$0] } }

  func kill(_ attempt: LiveAttempt) {
    guard attempt.isStarted else { return attempt.earlySignal = SIGKILL }
    do { try attempt.leaf.kill() } catch {
      logger.error("kill failed", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
  }

  private func signal(_ attempt: LiveAttempt, _ signal: Int32) {
    guard attempt.isStarted else { return attempt.earlySignal = attempt.earlySignal ?? signal }
    do { try attempt.leaf.signal(signal) } catch {
      logger.error("signal failed", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
  }

  /// The main process exists: what was asked for before is done now.
  func start(_ attempt: LiveAttempt) {
    attempt.isStarted = true
    if case .job = attempt.purpose { tell(.started(attempt.id)) }
    guard let early = attempt.earlySignal else { return }
    if early == SIGKILL { kill(attempt) } else { signal(attempt, early) }
  }

  private func readLog(_ attempt: LiveAttempt) {
    let goesOn = attempt.readLog { logs.append(attempt.id, $0) }
    if goesOn { return }
    attempt.isLogWatched = false
    millrace_epoll_remove(epoll.number, attempt.log.number)
  }

  private func readChannel(_ attempt: LiveAttempt) {
    let goesOn = attempt.receiveProgress()
    if attempt.progressTime != nil { timed[attempt.serial] = attempt }
    // Nothing comes after the end, but epoll would go on telling of it.
    if goesOn { return }
    attempt.isChannelWatched = false
    millrace_epoll_remove(epoll.number, attempt.channel.number)
  }

  private func tellProgress() {
    let now = Self.monotonic()
    for attempt in timed.values {
      guard let time = attempt.progressTime, time <= now else { continue }
      let progress = attempt.takeProgress(at: now)
      if attempt.deadline == nil { timed[attempt.serial] = nil }
      if case .job = attempt.purpose, let progress { tell(.progress(attempt.id, progress)) }
    }
  }

  /// Leaves the keeper and what runs to the next runner; a keeper without any ends.
  private func letGo() {
    clearUp()
    let isIdle = attempts.isEmpty && ended.isEmpty
    for attempt in attempts.values {
      logs.end(attempt.id)
      if attempt.isFrozen { setFrozen(attempt, false) }  // Who would let it go on if no runner follows?
      guard case .description(let answer, _, _) = attempt.purpose else { continue }
      kill(attempt)
      answer.resume(throwing: Self.stopped)
    }
    endAudit()
    // What waited for them is on record as started, and starts again with the next runner.
    for plan in loseHosts() { logs.end(plan.attempt) }
    attempts = [:]
    timed = [:]
    serials = [:]
    ended = [:]
    for record in orphans { record.close() }
    orphans = []
    workDirectories.empty()
    tellNews()
    events.finish()
    guard let keeper else {
      if !isIdle { logger.error("without a keeper nobody will know how the running attempts end") }
      return
    }
    self.keeper = nil
    do { try keeper.quit() } catch {
      logger.warning("keeper not told to quit", metadata: ["error": "\(error)"])
    }
    if isIdle, !keeper.waitForEnd() { logger.warning("the keeper does not end") }
  }
}
