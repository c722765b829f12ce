import CMillraceLinux
import Glibc
import Logging
import MillraceCore
import MillraceEngine

/// The keeper's death, and what it takes for nobody else to notice.
extension LaunchLoop {
  /// Takes in all that the keeper has said.
  func readKeeper() {
    do {
      try takePackets()
    } catch let error where error.isHangUp {
      // It comes once before what the keeper has still sent.
      do { try takePackets() } catch { loseKeeper(error) }
    } catch {
      loseKeeper(error)
    }
  }

  private func takePackets() throws {
    while let packet = try keeper?.receive() { handle(packet) }
  }

  private func handle(_ packet: KeeperPacket) {
    switch packet {
    case .started(let id, let pidfd, let fork, let exit):
      let process = MainProcess(owning: pidfd)
      if let attempt = attempt(id) {
        attempt.process = process
        attempt.isHeld = true
        start(attempt)
        answered(attempt, fork: fork)
      }
      if let exit { handle(.exited(id, exit)) }
    case .refused(let id, let number):
      guard let attempt = attempt(id) else { return }
      answered(attempt, fork: nil)
      refuse(attempt, number)
    case .exited(let id, let exit):
      if let attempt = attempt(id) {
        end(attempt, exit)
      } else if ended[id] == nil, keeper?.noteEnd(id, exit) != true {
        forget([id])
      }
    case .listed(let ids, let next): takeList(ids, next: next)
    case .host(let news): take(news)
    case .hello, .kept:
      packet.close()
      logger.error("the keeper greeted twice")
    }
  }

  /// Goes on without the keeper: what runs is watched from here, and handed to a new one.
  private func loseKeeper(_ error: any Error) {
    guard let lost = keeper else { return }
    logger.error(
      "the keeper is gone; its attempts go on",
      metadata: ["running": "\(attempts.count)", "error": "\(error)"])
    millrace_epoll_remove(epoll.number, lost.socket.number)
    orphans += lost.takeKept()
    // It has closed its socket; one that lives on is found again.
    _ = lost.waitForEnd()
    keeper = nil
    endAudit()
    for attempt in attempts.values.sorted(by: { $0.serial < $1.serial }) {
      attempt.isHeld = false
      guard !attempt.isEnding else { continue }
      if attempt.isStarted { watchProcess(attempt) } else { settleStart(attempt) }
    }
    for attempt in ended.values { attempt.isHeld = false }
    for plan in loseHosts() { place(plan) }
    replaceKeeper()
  }

  /// Starts a new keeper at once: until it holds what runs, nobody would find it if this runner died too.
  func replaceKeeper() {
    keeperDeadline = nil
    guard keeper == nil, !attempts.isEmpty || !ended.isEmpty else { return }
    let next = lastReplacement + Self.replacementInterval
    guard next <= Self.monotonic() else { return keeperDeadline = next }
    lastReplacement = Self.monotonic()
    do { _ = try connectedKeeper() } catch {
      logger.error("no new keeper; what runs is lost if the runner dies", metadata: ["error": "\(error)"])
      keeperDeadline = lastReplacement + Self.replacementInterval
    }
  }

  /// The least time between two keepers, in ms: one that dies at once must not take a processor.
  private static let replacementInterval: Int64 = 1000

  /// Returns the keeper; connects to one or starts it if there is none, and gives it all that runs.
  func connectedKeeper() throws -> KeeperConnection {
    if let keeper { return keeper }
    let keeper = try KeeperConnection(settings, in: tree)
    try watch(keeper.socket.number, .keeper, serial: 0, events: Self.readable)
    self.keeper = keeper
    if hasTakenOver { for record in keeper.takeKept() { settle(record) } }
    handOver(to: keeper)
    return keeper
  }

  /// Takes in what a keeper says at the start that may know of what runs here.
  private func settle(_ record: KeeperPacket.Kept) {
    guard let attempt = attempt(record.attempt) ?? ended[record.attempt] else { return release(record) }
    record.close()
    attempt.isHeld = true
    if let exit = record.exit, !attempt.isEnding { end(attempt, exit) }
  }

  /// Has the keeper hold what it does not know.
  func handOver(to keeper: KeeperConnection) {
    for attempt in Array(attempts.values) + Array(ended.values) where !attempt.isHeld {
      guard let process = attempt.process else { continue }
      do {
        try keeper.hold(
          attempt.id, attempt.exit, tier: attempt.tier, descriptors: attempt.descriptors(with: process))
        attempt.isHeld = true
      } catch {
        // If it is gone too, that is seen next, and there is another one.
        logger.error("keeper not told", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
      }
    }
  }

  /// Lets go of an attempt that nobody takes over.
  func release(_ record: KeeperPacket.Kept) {
    record.close()
    forget([record.attempt])
  }

  func forget(_ ids: [AttemptID]) {
    do { try keeper?.forget(ids) } catch {
      logger.error("keeper not told", metadata: ["attempts": "\(ids)", "error": "\(error)"])
    }
  }

  /// The keeper was asked to start it and died: only its leaf tells whether it has.
  private func settleStart(_ attempt: LiveAttempt) {
    do {
      attempt.process = try attempt.leaf.mainProcess()
      if attempt.process != nil {
        start(attempt)
        watchProcess(attempt)
      } else if try attempt.leaf.hasRun(buffer) {
        start(attempt)
        end(attempt, nil)
      } else {
        refuse(attempt, because: LinuxError("start \(attempt.id)", .missing("the keeper died before it did")))
      }
    } catch {
      logger.error("start not settled", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
      start(attempt)
      end(attempt, nil)
    }
  }

  /// Watches the main process of an attempt that is no child of the keeper: nobody else tells its end.
  func watchProcess(_ attempt: LiveAttempt) {
    do {
      guard let process = attempt.process else { return end(attempt, nil) }
      guard !attempt.isWatched else { return }
      try watch(process.descriptor.number, .process, serial: attempt.serial, events: Self.readable)
      attempt.isWatched = true
    } catch {
      logger.error("process not watched", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
      end(attempt, nil)
    }
  }

  /// The main process has ended: how, the kernel may tell only once its parent, whoever that is now, has
  /// reaped it.
  func processEnded(_ attempt: LiveAttempt) {
    guard let process = attempt.process else { preconditionFailure("a process that is not there is watched") }
    let ending = process.ending()
    let tag = attempt.serial << 3 | Source.process.rawValue
    switch ending {
    case .unreaped where attempt.exitDeadline == nil:
      attempt.exitDeadline = Self.monotonic() + Self.reapingTime
      timed[attempt.serial] = attempt
      millrace_epoll_modify(epoll.number, process.descriptor.number, tag, 0)  // POLLHUP is always told.
      return end(attempt, nil)
    case .known(let exit): attempt.exit = exit
    case .unreaped, .unknown: break
    }
    millrace_epoll_remove(epoll.number, process.descriptor.number)
    attempt.exitDeadline = nil
    if attempt.deadline == nil { timed[attempt.serial] = nil }
    if attempt.isEnding { concludeIfEmpty(attempt) } else { end(attempt, attempt.exit) }
  }

  /// How long a process may wait for its parent before its exit counts as unknown, in ms.
  private static let reapingTime: Int64 = 5000

  /// Gives up on what did not come about in its time.
  func meetDeadlines() {
    guard !timed.isEmpty || keeperDeadline != nil || !hosts.isEmpty else { return }
    let now = Self.monotonic()
    for attempt in timed.values {
      if let deadline = attempt.exitDeadline, deadline <= now { processEnded(attempt) }
      if let time = attempt.emptying?.nextKill, time <= now { empty(attempt) }
    }
    if let keeperDeadline, keeperDeadline <= now { replaceKeeper() }
    tendHosts(at: now)
  }
}
