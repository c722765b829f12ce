import CMillraceLinux
import Glibc
import Logging
import MillraceCore
import MillraceEngine

extension LaunchLoop {
  /// Starts an attempt at a job.
  func launch(_ plan: LaunchPlan) {
    logs.begin(plan.attempt)  // It may be followed from now on, though it may have to wait for a host.
    let tier = settings.tier(of: plan.handler, in: plan.plugin)
    if tier == .warm { place(plan) } else { start(plan, tier) }
  }

  /// Starts an attempt at a job in a tier; `host` is there for `warm`.
  func start(_ plan: LaunchPlan, _ tier: StartTier, from host: UInt32? = nil) {
    do {
      let payload = try Payload.bytes(for: plan, maxResult: settings.maxResult)
      let attempt = try start(
        plan.attempt, purpose: .job, plugin: plan.plugin.path, group: plan.plugin.name,
        identity: settings.identity(of: plan.plugin), payload: payload, tier: tier.number, host: host,
        limits: plan.limits, priority: plan.priority)
      attempt.tier = tier
      attempt.host = host
      if host != nil { attempt.plan = plan }
    } catch {
      logs.end(plan.attempt)
      if let host { _ = pool.answered(host, fork: nil, at: Self.monotonic()) }
      tell(.refused(plan.attempt, reason: "\(error)"))
    }
  }

  /// How long a plugin may take to describe itself.
  private static let descriptionTime: Int64 = 15_000
  private static let descriptionLimits = Limits(memory: .mebibytes(256), cpuMillis: 1000, pids: 32)

  /// Describes a plugin in a process that is capped like a job.
  func describe(_ file: String, _ answer: CheckedContinuation<Plugin, any Error>) {
    let id = AttemptID(job: JobID(nextDescription), number: 1)
    nextDescription -= 1
    do {
      _ = try start(
        id, purpose: .description(answer, file: file, deadline: Self.monotonic() + Self.descriptionTime),
        plugin: file, group: CgroupTree.describePlugin,
        identity: settings.identity(of: CgroupTree.describePlugin), payload: Payload.empty(),
        tier: MILLRACE_TIER_DESCRIBE, host: nil, limits: Self.descriptionLimits, priority: .default)
    } catch {
      answer.resume(throwing: error)
    }
  }

  private func start(
    _ id: AttemptID, purpose: LiveAttempt.Purpose, plugin: String, group: String,
    identity: LaunchSettings.Identity, payload: [UInt8], tier: Int, host: UInt32?,
    limits: Limits, priority: Priority
  ) throws -> LiveAttempt {
    let parent = try tree.pluginGroup(group)
    try culprits.watch(group, at: Self.monotonic(), isLate: false, buffer)
    let leaf = try leaf(id.description, in: parent, limits: limits, priority: priority)
    let work = workDirectories.path(of: id.description)
    do {
      if host != nil, geteuid() == 0 { try leaf.openGate(for: settings.warm.firstID) }
      try workDirectories.make(id.description, for: identity)
      var packet = try packet(id, tier: tier, host: host, plugin: plugin, work: work, identity: identity)
      let isShort = payload.count <= Payload.longestInPacket && tier != MILLRACE_TIER_COLD
      let file = isShort ? nil : try Payload.sealed(payload).release()
      defer { if let file { close(file) } }
      packet.payload_length = isShort ? UInt64(payload.count) : 0
      let outcome = try OutcomeFile.make(
        maxResult: tier == MILLRACE_TIER_DESCRIBE ? .mebibytes(1) : settings.maxResult)
      let log = try Self.pipe()
      let channel = try Self.channel()
      var descriptors = [
        leaf.directory.number, outcome.number, log.theirs.number, channel.theirs.number, log.ours.number,
        channel.ours.number,
      ]
      if let file { descriptors.append(file) }
      let attempt = LiveAttempt(
        id: id, serial: nextSerial, purpose: purpose, group: group, leaf: leaf, outcome: outcome,
        log: log.ours, channel: channel.ours)
      attempt.identity = identity
      nextSerial += 1
      try watch(attempt)
      try send(packet, isShort ? payload : [], descriptors)
      hasStarted = true
      add(attempt)
      return attempt
    } catch {
      remove(leaf)
      rmdir(work)
      throw error
    }
  }

  /// Makes a leaf. If the group of the plugin is gone, the next attempt makes that anew.
  func leaf(_ name: String, in group: PluginGroup, limits: Limits, priority: Priority) throws -> Leaf {
    do {
      return try Leaf(name: name, in: group, limits: limits, priority: priority)
    } catch let error as LinuxError where [.kernel(ENOENT), .kernel(ENODEV)].contains(error.reason) {
      tree.forgetGroup(group.name)
      throw error
    }
  }

  /// Asks the keeper for a process; a new keeper if the one that was there has gone unnoticed.
  private func send(
    _ packet: millrace_keeper_start, _ payload: [UInt8], _ descriptors: [Int32]
  ) throws {
    let former = try connectedKeeper()
    do {
      try former.send(packet, payload, descriptors)
    } catch {
      readKeeper()
      guard keeper !== former else { throw error }
      try connectedKeeper().send(packet, payload, descriptors)
    }
  }

  /// Keeps an attempt.
  func add(_ attempt: LiveAttempt) {
    attempts[attempt.serial] = attempt
    if attempt.deadline != nil { timed[attempt.serial] = attempt }
    serials[attempt.id] = attempt.serial
  }

  /// Watches the output of an attempt. What is watched and then closed is watched no more.
  func watch(_ attempt: LiveAttempt) throws {
    try watch(attempt.log.number, .log, serial: attempt.serial, events: Self.readable)
    try watch(attempt.channel.number, .channel, serial: attempt.serial, events: Self.readable)
    (attempt.isLogWatched, attempt.isChannelWatched) = (true, true)
  }

  func remove(_ leaf: Leaf) {
    do { try leaf.remove() } catch {
      logger.error("leaf not removed", metadata: ["leaf": "\(leaf.name)", "error": "\(error)"])
    }
  }

  private func packet(
    _ id: AttemptID, tier: Int, host: UInt32?, plugin: String, work: String,
    identity: LaunchSettings.Identity
  ) throws -> millrace_keeper_start {
    var packet = millrace_keeper_start()
    packet.uid = identity.uid
    packet.gid = identity.gid
    packet.max_open_files = UInt64(settings.maxOpenFiles)
    packet.max_result = UInt64(settings.maxResult.rawValue)
    packet.type = UInt32(MILLRACE_KEEPER_START)
    packet.tier = UInt32(tier)
    packet.host = host ?? 0
    packet.job = id.job.rawValue
    packet.attempt = Int32(id.number)
    try copy(plugin, into: &packet.plugin, "use the plugin `\(plugin)`")
    try copy(work, into: &packet.work_directory, "use the work directory `\(work)`")
    return packet
  }

  /// The two ends of a pipe or a channel.
  struct Ends: ~Copyable {
    let ours: Descriptor
    let theirs: Descriptor
  }

  static func pipe() throws -> Ends {
    var numbers: [Int32] = [-1, -1]
    try check(millrace_pipe(&numbers), "make a pipe")
    let ends = Ends(ours: Descriptor(owning: numbers[0]), theirs: Descriptor(owning: numbers[1]))
    try check(millrace_set_nonblocking(numbers[0], 1), "set up a pipe")
    return ends
  }

  private static func channel() throws -> Ends {
    var numbers: [Int32] = [-1, -1]
    try check(millrace_packet_pipe(&numbers), "make a channel")
    return Ends(ours: Descriptor(owning: numbers[0]), theirs: Descriptor(owning: numbers[1]))
  }

  static func monotonic() -> Int64 {
    monotonicNanoseconds() / 1_000_000
  }

  static func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  func endLateDescriptions() {
    let now = Self.monotonic()
    for attempt in timed.values {
      guard let deadline = attempt.descriptionDeadline, deadline <= now, !attempt.isLate else { continue }
      attempt.isLate = true
      kill(attempt)
    }
  }
}
