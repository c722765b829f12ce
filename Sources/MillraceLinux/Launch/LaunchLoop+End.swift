import CMillraceLinux
import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import MillraceEngine

extension LaunchLoop {
  /// Takes in all that the keeper has said.
  func readKeeper() {
    do {
      while let packet = try keeper?.receive() { handle(packet) }
    } catch {
      logger.error("the keeper is gone; what it ran is killed", metadata: ["error": "\(error)"])
      if let keeper { millrace_epoll_remove(epoll.number, keeper.socket.number) }
      keeper = nil
      for attempt in attempts.values.sorted(by: { $0.serial < $1.serial }) { end(attempt, nil) }
    }
  }

  private func handle(_ packet: KeeperPacket) {
    switch packet {
    case .started(let id, let pidfd):
      close(pidfd)  // The keeper is the parent, and signals go by the cgroup.
      guard let attempt = serials[id].flatMap({ attempts[$0] }) else { return }
      attempt.isStarted = true
      if case .job = attempt.purpose { events.yield(.started(id)) }
    case .refused(let id, let number):
      guard let attempt = serials[id].flatMap({ attempts[$0] }) else { return }
      refuse(attempt, LinuxError("start \(id)", .kernel(number)))
    case .exited(let id, let exit):
      guard let attempt = serials[id].flatMap({ attempts[$0] }) else { return forget(id) }
      end(attempt, exit)
    case .hello, .kept:
      logger.error("the keeper greeted twice")
    }
  }

  private func refuse(_ attempt: LiveAttempt, _ error: LinuxError) {
    drop(attempt)
    do { try attempt.leaf.remove() } catch {
      logger.error("leaf not removed", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
    switch attempt.purpose {
    case .job: events.yield(.refused(attempt.id, reason: "\(error)"))
    case .description(let answer, _, _): answer.resume(throwing: error)
    }
  }

  /// The main process is gone: whatever is left in the leaf follows it.
  func end(_ attempt: LiveAttempt, _ exit: ExitStatus?) {
    guard !attempt.isEnding else { return }
    attempt.exit = exit
    attempt.isEnding = true
    do {
      guard try attempt.leaf.isPopulated() else { return clearUp(attempt) }
      try attempt.leaf.kill()
      attempt.populationEvents = .some(try attempt.leaf.openEvents())
      try watch(attempt.populationNumber, .population, serial: attempt.serial, events: Self.urgent)
    } catch {
      logger.error("leaf not watched", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
    concludeIfEmpty(attempt)
  }

  /// Ends an attempt if no process is left of it. If its cgroup can't be read, it ends all the same: then
  /// nothing is known of its usage.
  func concludeIfEmpty(_ attempt: LiveAttempt) {
    do {
      guard try !attempt.leaf.isPopulated() else { return }
    } catch {
      logger.error("cgroup not read", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
    clearUp(attempt)
  }

  /// Ends an attempt of which no process is left.
  private func clearUp(_ attempt: LiveAttempt) {
    var usage = Usage()
    var memoryEvents: [String: Int64] = [:]
    do {
      (usage, memoryEvents) = try attempt.leaf.finalUsage()
      try attempt.leaf.remove()
    } catch {
      logger.error("cgroup not cleared up", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
    let isOthers = (memoryEvents["oom_kill"] ?? 0) > 0 && (memoryEvents["oom"] ?? 0) == 0
    conclude(attempt, usage: usage, killedByOthersMemory: isOthers)
  }

  private func conclude(_ attempt: LiveAttempt, usage: Usage, killedByOthersMemory: Bool) {
    while attempt.readLog({ logs.append(attempt.id, $0) }), hasOutput(attempt) {}
    var progress: Progress?
    _ = attempt.readProgress { progress = $0 }
    let word = OutcomeFile.read(attempt.outcome, maxResult: settings.maxResult)
    logs.end(attempt.id)
    let report = AttemptReport(
      exit: attempt.exit, usage: usage, word: word, killedByOthersMemory: killedByOthersMemory)
    switch attempt.purpose {
    case .job:
      if let progress { events.yield(.progress(attempt.id, progress)) }
      events.yield(.ended(attempt.id, report))
    case .description(let answer, let file, _):
      answer.resume(with: Result { try Manifest.plugin(from: report, file: file, isLate: attempt.isLate) })
    }
    // Nobody needs to wait for the rest.
    drop(attempt)
    forget(attempt.id)
  }

  private func hasOutput(_ attempt: LiveAttempt) -> Bool {
    var poller = pollfd(fd: attempt.log.number, events: Int16(POLLIN), revents: 0)
    return poll(&poller, 1, 0) > 0 && poller.revents & Int16(POLLIN) != 0
  }

  /// Lets go of everything of an attempt but its leaf.
  private func drop(_ attempt: LiveAttempt) {
    millrace_epoll_remove(epoll.number, attempt.log.number)
    millrace_epoll_remove(epoll.number, attempt.channel.number)
    if attempt.populationNumber >= 0 { millrace_epoll_remove(epoll.number, attempt.populationNumber) }
    attempts[attempt.serial] = nil
    serials[attempt.id] = nil
    logs.end(attempt.id)
    let directory = attempt.workDirectory
    if rmdir(directory) == 0 { return }
    // A big tree takes its time, and the loop has none.
    Task.detached { [logger] in
      do { try FileManager.default.removeItem(atPath: directory) } catch {
        logger.warning("work directory not removed", metadata: ["path": "\(directory)", "error": "\(error)"])
      }
    }
  }

  private func forget(_ id: AttemptID) {
    do { try keeper?.forget(id) } catch {
      logger.error("keeper not told", metadata: ["attempt": "\(id)", "error": "\(error)"])
    }
  }

  /// Takes over what a former runner left; returns what goes on.
  func takeOver(_ open: [KeptAttempt]) throws -> [AttemptID] {
    let plugins = Dictionary(open.map { ($0.attempt, $0.plugin) }) { first, _ in first }
    var taken: [LiveAttempt] = []
    for record in try connectedKeeper().kept {
      guard let plugin = plugins[record.attempt], let attempt = try adopt(record, plugin: plugin) else {
        for descriptor in record.descriptors { close(descriptor) }
        if record.exit != nil { forget(record.attempt) }
        continue
      }
      taken.append(attempt)
    }
    try removeLeaves(except: Set(serials.keys.map(\.description)))
    for attempt in taken where attempt.exit != nil { end(attempt, attempt.exit) }
    return taken.map(\.id)
  }

  private func adopt(_ record: KeeperPacket.Kept, plugin: String) throws -> LiveAttempt? {
    let name = record.attempt.description
    guard access("\(tree.path)/p/\(plugin)/\(name)", F_OK) == 0 else { return nil }
    let attempt = LiveAttempt(
      id: record.attempt, serial: nextSerial, purpose: .job,
      leaf: try Leaf(existing: name, in: try tree.pluginDirectory(plugin)),
      outcome: Descriptor(owning: record.descriptors[0]), log: Descriptor(owning: record.descriptors[1]),
      channel: Descriptor(owning: record.descriptors[2]),
      workDirectory: "\(settings.workDirectory)/\(record.attempt)")
    nextSerial += 1
    attempt.isStarted = true
    attempt.exit = record.exit
    logs.begin(record.attempt)
    try add(attempt)
    return attempt
  }

  /// Kills and removes leaves that nobody knows any more.
  private func removeLeaves(except known: Set<String>) throws {
    for (plugin, name) in try tree.leaves() where !known.contains(name) {
      let leaf = try Leaf(existing: name, in: try tree.pluginDirectory(plugin))
      try leaf.kill()
      let events = try leaf.openEvents()
      while try leaf.isPopulated() {
        var poller = pollfd(fd: events.number, events: Int16(POLLPRI), revents: 0)
        guard poll(&poller, 1, 5000) > 0 else {
          throw LinuxError("empty the cgroup `\(name)`", .missing("its processes do not end"))
        }
      }
      try leaf.remove()
      logger.warning("left-over cgroup removed", metadata: ["leaf": "\(plugin)/\(name)"])
    }
  }
}
