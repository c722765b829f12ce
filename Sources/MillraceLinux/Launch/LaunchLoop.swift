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
    case launch(LaunchPlan)
    case terminate(AttemptID)
    case kill(AttemptID)
    case sample(CheckedContinuation<[AttemptID: UsageSample], Never>)
    case takeOver([KeptAttempt], CheckedContinuation<[AttemptID], any Error>)
    case describe(String, CheckedContinuation<Plugin, any Error>)
    case stop(CheckedContinuation<Void, Never>)
  }

  /// What a tag of epoll stands for; the rest of the tag is the attempt's serial number.
  enum Source: UInt64 { case command, keeper, log, channel, population }

  /// Bits of epoll: the same as those of poll(2).
  static let readable = UInt32(POLLIN)
  static let urgent = UInt32(POLLPRI)

  let tree: CgroupTree
  let settings: LaunchSettings
  let logs: LogFiles
  let logger: Logger
  let events: AsyncStream<LaunchEvent>.Continuation

  private let commands = Mutex<[Command]>([])
  private let bell: Descriptor
  let epoll: Descriptor
  var keeper: KeeperConnection?
  var attempts: [UInt64: LiveAttempt] = [:]
  var serials: [AttemptID: UInt64] = [:]
  var nextSerial: UInt64 = 1
  var nextDescription: Int64 = -1

  init(
    tree: CgroupTree, settings: LaunchSettings, logs: LogFiles, logger: Logger,
    events: AsyncStream<LaunchEvent>.Continuation
  ) throws {
    self.tree = tree
    self.settings = settings
    self.logs = logs
    self.logger = logger
    self.events = events
    epoll = Descriptor(owning: try check(millrace_epoll_create(), "make an epoll instance"))
    bell = Descriptor(owning: try check(millrace_eventfd(), "make an eventfd"))
    try watch(bell.number, .command, serial: 0, events: Self.readable)
  }

  /// Starts the thread; it ends after `.stop`.
  func start() throws {
    var thread = pthread_t()
    let result = pthread_create(
      &thread, nil,
      { raw in
        guard let raw else { return nil }
        Unmanaged<LaunchLoop>.fromOpaque(raw).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(self).toOpaque())
    guard result == 0 else { throw LinuxError("start the launcher's thread", .kernel(result)) }
    pthread_detach(thread)
  }

  /// Asks for something; any thread.
  func put(_ command: Command) {
    commands.withLock { $0.append(command) }
    millrace_eventfd_signal(bell.number)
  }

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
      endLateDescriptions()
    }
  }

  /// Runs all commands that are there; returns who waits for the loop's end, if that was asked for.
  private func runCommands() -> CheckedContinuation<Void, Never>? {
    millrace_eventfd_drain(bell.number)
    let batch = commands.withLock { commands in
      defer { commands = [] }
      return commands
    }
    for command in batch {
      switch command {
      case .launch(let plan): launch(plan)
      case .terminate(let id): attempt(id).map { signal($0, SIGTERM) }
      case .kill(let id): attempt(id).map(kill)
      case .sample(let answer): answer.resume(returning: samples())
      case .takeOver(let open, let answer): answer.resume(with: Result { try takeOver(open) })
      case .describe(let file, let answer): describe(file, answer)
      case .stop(let answer):
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
    }
  }

  private func attempt(_ id: AttemptID) -> LiveAttempt? { serials[id].flatMap { attempts[$0] } }

  func kill(_ attempt: LiveAttempt) {
    do { try attempt.leaf.kill() } catch {
      logger.error("kill failed", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
  }

  private func signal(_ attempt: LiveAttempt, _ signal: Int32) {
    do { try attempt.leaf.signal(signal) } catch {
      logger.error("signal failed", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
  }

  private func samples() -> [AttemptID: UsageSample] {
    var samples: [AttemptID: UsageSample] = [:]
    for attempt in attempts.values where attempt.isStarted && !attempt.isEnding && attempt.id.job.rawValue > 0 {
      do { samples[attempt.id] = try attempt.leaf.sample() } catch {
        logger.error("usage not read", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
      }
    }
    return samples
  }

  private func readLog(_ attempt: LiveAttempt) {
    let goesOn = attempt.readLog { logs.append(attempt.id, $0) }
    if !goesOn { millrace_epoll_remove(epoll.number, attempt.log.number) }
  }

  private func readChannel(_ attempt: LiveAttempt) {
    let goesOn = attempt.readProgress { events.yield(.progress(attempt.id, $0)) }
    // A channel that is over stays ready: watched on, it would keep the loop busy until the job ends.
    if !goesOn { millrace_epoll_remove(epoll.number, attempt.channel.number) }
  }

  /// Leaves the keeper and what runs to the next runner; a keeper without any ends.
  private func letGo() {
    guard let keeper else { return }
    do { try keeper.quit() } catch {
      logger.warning("keeper not told to quit", metadata: ["error": "\(error)"])
    }
    let isIdle = attempts.isEmpty
    self.keeper = nil
    if isIdle { keeper.waitForEnd() }
  }
}
