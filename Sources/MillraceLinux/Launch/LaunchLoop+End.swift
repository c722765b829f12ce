import CMillraceLinux
import Glibc
import Logging
import MillraceCore
import MillraceEngine

extension LaunchLoop {
  /// The keeper made no process, for this errno.
  func refuse(_ attempt: LiveAttempt, _ number: Int32) {
    // That is the host's fault, not the attempt's.
    if attempt.tier == .warm, let plan = attempt.plan, [ENOTCONN, EBUSY, EPROTO, EAGAIN].contains(number) {
      return startAgain(attempt, plan, afterError: number)
    }
    refuse(attempt, because: LinuxError("start \(attempt.id)", .kernel(number)))
  }

  func refuse(_ attempt: LiveAttempt, because error: LinuxError) {
    drop(attempt)
    logs.end(attempt.id)
    removeDirectory(of: attempt)
    remove(attempt.leaf)
    switch attempt.purpose {
    case .job: tell(.refused(attempt.id, reason: "\(error)"))
    case .description(let answer, _, _): answer.resume(throwing: error)
    }
  }

  /// The main process is gone: whatever is left in the leaf follows it.
  func end(_ attempt: LiveAttempt, _ exit: ProcessExit?) {
    guard !attempt.isEnding else { return }
    attempt.exit = exit
    attempt.isEnding = true
    do {
      attempt.emptying = try Emptying(of: attempt.leaf, at: Self.monotonic())
      if let emptying = attempt.emptying {
        timed[attempt.serial] = attempt
        try watch(emptying.descriptor, .population, serial: attempt.serial, events: Self.urgent)
      }
    } catch {
      logger.error("leaf not watched", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
    empty(attempt)
  }

  /// Kills what is left of an attempt that is ending, and ends it if nothing is.
  func empty(_ attempt: LiveAttempt) {
    do { try attempt.emptying?.kill(at: Self.monotonic()) } catch {
      logger.error("kill failed", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
    concludeIfEmpty(attempt)
  }

  /// Ends an attempt if no process is left of it. If its cgroup can't be read, it ends all the same: then
  /// nothing is known of its usage.
  func concludeIfEmpty(_ attempt: LiveAttempt) {
    var final = FinalUsage()
    do {
      if let emptying = attempt.emptying, try !emptying.isOver() { return }
      guard attempt.exitDeadline == nil else { return }  // How it ended is still to come.
      final = try attempt.leaf.finalUsage(buffer)
    } catch {
      logger.error("usage not read", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
    conclude(attempt, final)
  }

  private func conclude(_ attempt: LiveAttempt, _ final: FinalUsage) {
    // Bounded: no process is left, but a descriptor may have got out of the leaf.
    for _ in 0..<Self.lastReads {
      guard attempt.readLog({ logs.append(attempt.id, $0) }), hasOutput(attempt) else { break }
    }
    _ = attempt.receiveProgress()
    let progress = attempt.takeProgress(at: Self.monotonic())
    let left = OutcomeFile.read(attempt.outcome, maxResult: settings.maxResult)
    drop(attempt)
    leftDirectories.append(attempt)
    logs.end(attempt.id)
    var report = AttemptReport(
      exit: attempt.exit?.status, usage: final.usage, word: left.word,
      memoryKill: memoryKill(of: attempt, final))
    report.ended = attempt.exit?.time
    report.tier = attempt.tier
    report.checkpoint = left.checkpoint
    switch attempt.purpose {
    case .job where attempt.isDisowned: released.append(attempt)
    case .job:
      if let progress { tell(.progress(attempt.id, progress)) }
      ended[attempt.id] = attempt
      tell(.ended(attempt.id, report))
    case .description(let answer, let file, _):
      released.append(attempt)
      clearReleased()
      answer.resume(with: Result { try Manifest.plugin(from: report, file: file, isLate: attempt.isLate) })
    }
  }

  private func memoryKill(of attempt: LiveAttempt, _ final: FinalUsage) -> MemoryKill? {
    guard final.usage.oomKills ?? 0 > 0 else { return nil }
    guard final.isKilledByOthersMemory else { return .ownLimit }
    do { return try culprits.culprit(above: attempt.group, at: Self.monotonic(), buffer) } catch {
      logger.error("limits above not read", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
      return .machine
    }
  }

  /// Lets go of ends that are on record.
  func release(_ ids: [AttemptID]) { released += ids.compactMap { ended.removeValue(forKey: $0) } }

  /// Has the keeper forget those whose ends are on record, and removes their cgroups.
  func clearReleased() {
    guard !released.isEmpty else { return }
    forget(released.map(\.id))
    for attempt in released { remove(attempt.leaf) }
    released = []
  }

  /// How often the log is read at the end, 256 KiB each: more than the largest pipe of an ordinary user, 1
  /// MiB.
  private static let lastReads = 8

  private func hasOutput(_ attempt: LiveAttempt) -> Bool {
    var poller = pollfd(fd: attempt.log.number, events: Int16(POLLIN), revents: 0)
    return poll(&poller, 1, 0) > 0 && poller.revents & Int16(POLLIN) != 0
  }

  /// Takes an attempt out of those that run, with all that can be made again but its log.
  func drop(_ attempt: LiveAttempt) {
    if attempt.isLogWatched { millrace_epoll_remove(epoll.number, attempt.log.number) }
    if attempt.isChannelWatched { millrace_epoll_remove(epoll.number, attempt.channel.number) }
    if let emptying = attempt.emptying { millrace_epoll_remove(epoll.number, emptying.descriptor) }
    // Others hold the same pidfd: closing ours does not end the watch.
    if attempt.isWatched, let process = attempt.process {
      millrace_epoll_remove(epoll.number, process.descriptor.number)
    }
    attempts[attempt.serial] = nil
    timed[attempt.serial] = nil
    serials[attempt.id] = nil
    attempt.emptying = nil
    attempt.leaf.closeGauges()
  }

  /// Does all that was put off.
  func clearUp() {
    clearReleased()
    clearDirectories()
  }

  /// Keeps or removes the work directories that were left in this turn: whoever waits for an end is told
  /// before.
  func clearDirectories() {
    for attempt in leftDirectories {
      let identity = attempt.identity ?? settings.identity(of: attempt.group)
      if !workDirectories.keep(attempt.id.description, of: identity) { removeDirectory(of: attempt) }
    }
    leftDirectories.removeAll(keepingCapacity: true)
  }

  /// Removes the work directory of an attempt, which may be started again under this name.
  func removeDirectory(of attempt: LiveAttempt) {
    removeDirectory(workDirectories.path(of: attempt.id.description))
  }

  /// Removes a work directory; a big tree takes its time, and the loop has none.
  func removeDirectory(_ path: String) {
    // A former runner may have removed it.
    if rmdir(path) == 0 || errno == ENOENT { return }
    Task.detached { [logger, parent = settings.workDirectory] in
      do {
        let directory = try Descriptor(opening: parent, flags: O_RDONLY | O_DIRECTORY)
        try await DirectoryRemoval.remove(String(path.dropFirst(parent.count + 1)), in: directory.number)
      } catch {
        logger.warning("work directory not removed", metadata: ["path": "\(path)", "error": "\(error)"])
      }
    }
  }

  /// Takes over what a former runner left; returns what goes on.
  func takeOver(_ open: [KeptAttempt]) throws -> [AttemptID] {
    clearUp()
    let plugins = Dictionary(open.map { ($0.attempt, $0.plugin) }) { first, _ in first }
    var taken: [LiveAttempt] = []
    let keeper = try connectedKeeper()
    for record in keeper.takeKept() + orphans {
      if let plugin = plugins[record.attempt], let attempt = adopt(record, plugin: plugin) {
        taken.append(attempt)
      } else {
        release(record)
      }
    }
    orphans = []
    hasTakenOver = true
    let known = Set(serials.keys.map(\.description))
    removeLeaves(except: known)
    removeDirectories(except: known)
    handOver(to: keeper)
    for attempt in taken where !attempt.isEnding {
      if attempt.exit != nil { end(attempt, attempt.exit) } else if !attempt.isChild { watchProcess(attempt) }
    }
    return taken.map(\.id)
  }

  /// Takes an attempt over; nil, with the record as it was, if its leaf can't be opened: then nothing is
  /// known of it.
  private func adopt(_ record: KeeperPacket.Kept, plugin: String) -> LiveAttempt? {
    let leaf: Leaf
    do {
      leaf = try Leaf(existing: record.attempt.description, in: try tree.pluginGroup(plugin))
      try culprits.watch(plugin, at: Self.monotonic(), isLate: true, buffer)
    } catch {
      logger.error("attempt not taken over", metadata: ["attempt": "\(record.attempt)", "error": "\(error)"])
      return nil
    }
    let attempt = LiveAttempt(
      id: record.attempt, serial: nextSerial, purpose: .job, group: plugin, leaf: leaf,
      outcome: Descriptor(owning: record.descriptors[0]), log: Descriptor(owning: record.descriptors[1]),
      channel: Descriptor(owning: record.descriptors[2]))
    nextSerial += 1
    attempt.process = MainProcess(owning: record.descriptors[3])
    attempt.tier = record.tier
    attempt.isHeld = !orphans.contains { $0.attempt == record.attempt }
    attempt.isChild = record.pid != 0 && attempt.isHeld
    attempt.isStarted = true
    setFrozen(attempt, false)  // A former runner may have frozen it, and nobody knows of that any more.
    attempt.exit = record.exit
    logs.begin(record.attempt)
    add(attempt)
    do { try watch(attempt) } catch {
      logger.error("output not watched", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
    return attempt
  }

  /// Kills and removes leaves that nobody knows any more.
  private func removeLeaves(except known: Set<String>) {
    do {
      for (plugin, name) in try tree.leaves() where !known.contains(name) {
        do {
          try removeLeaf(name, of: plugin)
          logger.warning("left-over cgroup removed", metadata: ["leaf": "\(plugin)/\(name)"])
        } catch {
          logger.error(
            "left-over cgroup not removed", metadata: ["leaf": "\(plugin)/\(name)", "error": "\(error)"])
        }
      }
    } catch {
      logger.error("left-over cgroups not looked for", metadata: ["error": "\(error)"])
    }
  }

  func removeLeaf(_ name: String, of plugin: String) throws {
    let leaf = try Leaf(existing: name, in: try tree.pluginGroup(plugin))
    let end = Self.monotonic() + Self.patience
    if let emptying = try Emptying(of: leaf, at: Self.monotonic()) {
      while try !emptying.isOver() {
        let now = Self.monotonic()
        guard now < end else {
          throw LinuxError("empty the cgroup `\(name)`", .missing("its processes do not end"))
        }
        try emptying.kill(at: now)
        var poller = pollfd(fd: emptying.descriptor, events: Int16(POLLPRI), revents: 0)
        poll(&poller, 1, Int32(min(emptying.nextKill, end) - now))
      }
    }
    try leaf.remove()
  }

  /// How long the processes of a left-over leaf may take to end, in ms.
  private static let patience: Int64 = 5000

  /// Removes work directories that nobody knows any more.
  private func removeDirectories(except known: Set<String>) {
    do {
      for name in try CgroupTree.subdirectories(settings.workDirectory) where !known.contains(name) {
        removeDirectory(workDirectories.path(of: name))
      }
    } catch {
      logger.error("left-over work directories not looked for", metadata: ["error": "\(error)"])
    }
  }
}
