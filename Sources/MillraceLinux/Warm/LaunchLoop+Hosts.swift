import CMillraceLinux
import Glibc
import Logging
import MillraceCore
import MillraceEngine

/// Warm hosts: what the pool decides is done here.
extension LaunchLoop {
  /// Starts an attempt from a warm host, now or when there is one, or without.
  func place(_ plan: LaunchPlan) {
    let now = Self.monotonic()
    let preparesForKeys = plan.plugin.handlers.first { $0.name == plan.handler }?.preparesForKeys ?? false
    let wish = WarmPool.Wish(
      plugin: plan.plugin, handler: plan.handler, key: preparesForKeys ? plan.payload.affinity : nil)
    switch pool.place(wish, at: now) {
    case .fork(let host): start(plan, .warm, from: host)
    case .wait(let host): hosts[host]?.line.append(plan)
    case .prepare(let host, let binding):
      hosts[host]?.line.append(plan)
      prepare(host, for: binding)
    case .open(let host, let closing):
      if let closing { hangUp(on: closing) }
      open(host, for: plan)
    case .lower: start(plan, .template)
    }
  }

  private func open(_ number: UInt32, for plan: LaunchPlan) {
    do {
      let host = try makeHost(number, of: plan.plugin)
      host.line.append(plan)
      hosts[number] = host
    } catch {
      tell(pool.fall(number, because: "\(error)", at: Self.monotonic()))
      pool.remove(number)
      place(plan)
    }
  }

  private func makeHost(_ number: UInt32, of plugin: Plugin) throws -> WarmHost {
    guard let pooled = pool[number] else { preconditionFailure("the pool has just made it") }
    let parent = try tree.pluginGroup(plugin.name)
    let isRoot = geteuid() == 0
    if isRoot {
      try CgroupTree.openGate(in: parent.directory.number, for: settings.warm.firstID, name: plugin.name)
    }
    try culprits.watch(plugin.name, at: Self.monotonic(), isLate: false, buffer)
    let memory = plugin.warmMemory ?? settings.warm.memory
    let processors = Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let leaf = try leaf(
      WarmHost.leafName(number), in: parent,
      limits: Limits(memory: memory, cpuMillis: processors * 1000, pids: Self.hostPids), priority: .default)
    do {
      let log = try Self.pipe()
      let packet = try packet(for: pooled, identity: settings.identity(of: plugin))
      let payload = try Payload.environmentOnly(of: plugin)
      try connectedKeeper().openHost(
        packet, cgroup: leaf.directory.number, log: log.theirs.number, payload: payload.number)
      try watch(log.ours.number, .host, serial: UInt64(number), events: Self.readable)
      return WarmHost(number: number, group: plugin.name, leaf: leaf, log: log.ours, memory: memory)
    } catch {
      remove(leaf)
      throw error
    }
  }

  /// Processes and threads that a warm-up may have; at its end there must be one.
  private static let hostPids: Int64 = 64

  private func packet(
    for host: PooledHost, identity: LaunchSettings.Identity
  ) throws -> millrace_keeper_host {
    var packet = millrace_keeper_host()
    packet.type = UInt32(MILLRACE_KEEPER_HOST)
    packet.host = host.number
    packet.uid = identity.uid
    packet.gid = identity.gid
    packet.gate_gid = settings.warm.firstID
    packet.host_uid = settings.warm.firstID + 1 + UInt32(host.slot)
    packet.max_open_files = UInt64(settings.maxOpenFiles)
    packet.skip_warm_up = host.skipsWarmUp ? 1 : 0
    try copy(host.plugin.path, into: &packet.plugin, "use the plugin `\(host.plugin.path)`")
    return packet
  }

  private func prepare(_ host: UInt32, for binding: WarmPool.Binding) {
    do { try keeper?.prepare(host, for: binding) } catch {
      logger.error("warm host not asked", metadata: ["host": "\(host)", "error": "\(error)"])
      pool.unprepared(host)
      advance(host)
    }
  }

  /// Starts what waits for a host, as far as it can.
  private func advance(_ number: UInt32) {
    guard let host = hosts[number] else { return }
    while !host.line.isEmpty, pool.takeTurn(number, at: Self.monotonic()) {
      start(host.line.removeFirst(), .warm, from: number)
    }
  }

  /// A host has answered for an attempt: with what the fork took, or with nil that there is none.
  func answered(_ attempt: LiveAttempt, fork: Duration?) {
    guard let host = attempt.host else { return }
    attempt.host = nil
    if fork != nil {
      attempt.plan = nil
      hosts[host]?.fault = nil  // What could not be prepared was no reason to end.
    }
    let now = Self.monotonic()
    if let reason = pool.answered(host, fork: fork, at: now) {
      tell(pool.fall(host, because: reason, at: now))
      relocate(host)
    }
    guard let pooled = pool[host] else { return }
    if !pooled.isClosing { advance(host) } else if pooled.asked == 0 { hangUp(on: host) }
  }

  /// Starts an attempt anew that its host has not started.
  func startAgain(_ attempt: LiveAttempt, _ plan: LaunchPlan, afterError number: Int32) {
    logger.warning(
      "warm host did not start an attempt",
      metadata: ["attempt": "\(plan.attempt)", "reason": "\(String(cString: strerror(number)))"])
    drop(attempt)
    removeDirectory(of: attempt)
    do {
      try removeLeaf(attempt.leaf.name, of: attempt.group)
      let early = attempt.earlySignal
      start(plan, .template)
      self.attempt(plan.attempt)?.earlySignal = early
    } catch {
      logs.end(plan.attempt)
      tell(.refused(plan.attempt, reason: "\(error)"))
    }
  }

  /// Returns a live attempt; one that still waits for a host is started without, so that it can be stopped.
  func startWaiting(_ id: AttemptID) -> LiveAttempt? {
    if let attempt = attempt(id) { return attempt }
    for (number, host) in hosts {
      guard let index = host.line.firstIndex(where: { $0.attempt == id }) else { continue }
      pool.leftLine(number)
      start(host.line.remove(at: index), .template)
      return attempt(id)
    }
    return nil
  }

  /// Takes in what a host says, or that it is gone.
  func take(_ news: KeeperPacket.HostNews) {
    let now = Self.monotonic()
    guard let host = hosts[news.host] else { return }
    switch (news.kind, news.refusal) {
    case (.ready, nil):
      let binding = pool.warmed(news.host, cost: news.load + news.work, at: now)
      logger.info(
        "warm host ready",
        metadata: [
          "plugin": "\(host.group)", "host": "\(news.host)", "load": "\(news.load.text)",
          "warm-up": "\(news.work.text)",
        ])
      if let binding { prepare(news.host, for: binding) } else { advance(news.host) }
    case (.prepared, nil):
      pool.prepared(news.host)
      advance(news.host)
    case (.ready, let reason?):
      host.fault = reason
    case (.prepared, let reason?):
      host.fault = reason
      logger.warning(
        "warm host not prepared", metadata: ["plugin": "\(host.group)", "reason": "\(reason)"])
      pool.unprepared(news.host)
      advance(news.host)
    case (.gone(let exit), _):
      end(host, exit, at: now)
    }
  }

  private func end(_ host: WarmHost, _ exit: ExitStatus, at now: Int64) {
    if let pooled = pool[host.number], !pooled.isClosing {
      let reason = host.fault ?? reason(of: exit, host)
      tell(
        pooled.isWarming
          ? pool.fall(host.number, because: reason, at: now)
          : pool.died(host.number, because: reason, at: now))
    }
    clear(host)
    relocate(host)
  }

  private func reason(of exit: ExitStatus, _ host: WarmHost) -> String {
    do {
      if (try host.leaf.finalUsage(buffer).usage.oomKills ?? 0) > 0 {
        return "it needs more than \(host.memory) of memory while it gets warm"
      }
    } catch {
      logger.error("usage not read", metadata: ["host": "\(host.number)", "error": "\(error)"])
    }
    switch exit {
    case .exited(let code): return "its host ended with exit code \(code)"
    case .signalled(let signal): return "its host was ended by \(SignalName.text(of: signal))"
    }
  }

  /// Lets go of a host that has ended.
  private func clear(_ host: WarmHost) {
    millrace_epoll_remove(epoll.number, host.log.number)
    hosts[host.number] = nil
    pool.remove(host.number)
    do { try removeLeaf(host.leaf.name, of: host.group) } catch {
      logger.error("cgroup of a host not removed", metadata: ["host": "\(host.number)", "error": "\(error)"])
    }
  }

  private func relocate(_ number: UInt32) { hosts[number].map(relocate) }

  /// Finds other places for what waits for a host.
  private func relocate(_ host: WarmHost) {
    let line = host.line
    host.line = []
    for plan in line {
      pool.leftLine(host.number)
      place(plan)
    }
  }

  /// Closes a host that nobody needs.
  func closeHost(_ number: UInt32) {
    pool.close(number, at: Self.monotonic())
    hangUp(on: number)
  }

  private func hangUp(on number: UInt32) {
    do { try keeper?.closeHost(number) } catch {
      logger.error("warm host not closed", metadata: ["host": "\(number)", "error": "\(error)"])
    }
  }

  /// The keeper is gone, and its hosts end with it. Returns what waited for them.
  func loseHosts() -> [LaunchPlan] {
    let lost = hosts.values.sorted { $0.number < $1.number }
    for host in lost { clear(host) }
    return lost.flatMap(\.line)
  }

  /// Closes hosts that nobody needed for a while, and ends those that take too long.
  func tendHosts(at now: Int64) {
    guard let deadline = pool.nextDeadline, deadline <= now else { return }
    for number in pool.idle(at: now) { closeHost(number) }
    for number in pool.late(at: now) {
      guard let host = hosts[number], let pooled = pool[number] else { continue }
      let reason = "it was not ready within \(settings.warm.warmUp.text)"
      if pooled.isWarming {
        tell(pool.fall(number, because: reason, at: now))
      } else if !pooled.isClosing {
        tell(pool.died(number, because: reason, at: now))
      }
      pool.killed(number)
      do { try host.leaf.kill() } catch {
        logger.error("warm host not killed", metadata: ["host": "\(number)", "error": "\(error)"])
      }
      relocate(host)
    }
  }

  private func tell(_ notice: String?) { if let notice { tell(.notice(notice)) } }

  /// Tells what a host prints, up to a bound.
  func readOutput(_ host: WarmHost) {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = Glibc.read(host.log.number, &bytes, bytes.count)
    guard count > 0 else {
      if count == 0 || errno != EAGAIN && errno != EINTR {
        millrace_epoll_remove(epoll.number, host.log.number)
      }
      return
    }
    guard host.outputLeft > 0 else { return }
    host.outputLeft -= count
    logger.info(
      "warm host says",
      metadata: ["plugin": "\(host.group)", "text": "\(String(decoding: bytes[..<count], as: UTF8.self))"])
  }

  /// The working set of all hosts; nil if there are none, or the kernel does not tell.
  func hostMemory() -> Bytes? {
    let known = hosts.values.compactMap { memory(of: $0) }
    return known.isEmpty ? nil : known.reduce(.zero, +)
  }

  private func memory(of host: WarmHost) -> Bytes? {
    do { return try host.leaf.sample(buffer).workingSet } catch {
      logger.error("usage not read", metadata: ["host": "\(host.number)", "error": "\(error)"])
      return nil
    }
  }

  func hostStates() -> [WarmHostState] {
    hosts.values.sorted { $0.number < $1.number }.compactMap { host in
      guard let pooled = pool[host.number] else { return nil }
      return WarmHostState(
        number: host.number, plugin: host.group, sha256: pooled.plugin.sha256, state: pooled.state,
        key: pooled.binding?.key, handler: pooled.binding?.handler, started: pooled.started,
        warmUp: pooled.cost, fork: pooled.medianFork, memory: memory(of: host))
    }
  }
}
