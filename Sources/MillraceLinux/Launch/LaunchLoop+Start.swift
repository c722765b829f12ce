import CMillraceLinux
import Glibc
import Logging
import MillraceCore
import MillraceEngine

extension LaunchLoop {
  /// Starts an attempt at a job.
  func launch(_ plan: LaunchPlan) {
    do {
      let isCold = settings.coldHandlers.contains(plan.handler) || settings.coldByDefault
      logs.begin(plan.attempt)
      let payload = try Payload.make(for: plan, maxResult: settings.maxResult)
      try start(
        plan.attempt, purpose: .job, plugin: plan.plugin.path, group: plan.plugin.name, payload: payload,
        tier: isCold ? MILLRACE_TIER_COLD : MILLRACE_TIER_TEMPLATE, limits: plan.limits,
        priority: plan.priority)
    } catch {
      logs.end(plan.attempt)
      events.yield(.refused(plan.attempt, reason: "\(error)"))
    }
  }

  /// How long a plugin may take to describe itself.
  private static let descriptionTime: Int64 = 10_000
  private static let descriptionLimits = Limits(memory: .mebibytes(256), cpuMillis: 1000, pids: 32)

  /// Describes a plugin in a process that is capped like a job.
  func describe(_ file: String, _ answer: CheckedContinuation<Plugin, any Error>) {
    let id = AttemptID(job: JobID(nextDescription), number: 1)
    nextDescription -= 1
    do {
      try start(
        id, purpose: .description(answer, file: file, deadline: Self.monotonic() + Self.descriptionTime),
        plugin: file, group: CgroupTree.describePlugin, payload: try Payload.empty(),
        tier: MILLRACE_TIER_DESCRIBE, limits: Self.descriptionLimits, priority: .default)
    } catch {
      answer.resume(throwing: error)
    }
  }

  private func start(
    _ id: AttemptID, purpose: LiveAttempt.Purpose, plugin: String, group: String,
    payload: consuming Descriptor, tier: Int, limits: Limits, priority: Priority
  ) throws {
    let keeper = try connectedKeeper()
    let identity = settings.pluginIdentities[group] ?? settings.identity
    let work = "\(settings.workDirectory)/\(id)"
    let leaf = try Leaf(
      name: id.description, in: try tree.pluginDirectory(group), limits: limits, priority: priority,
      controllers: tree.controllers)
    do {
      try makeWorkDirectory(work, for: identity)
      let outcome = try OutcomeFile.make()
      let (logRead, logWrite) = try Self.pipe()
      let (ours, theirs) = try Self.channel()
      var packet = try Self.packet(id, tier: tier, plugin: plugin, work: work)
      packet.uid = identity.uid
      packet.gid = identity.gid
      packet.max_open_files = UInt64(settings.maxOpenFiles)
      packet.max_result = UInt64(settings.maxResult.rawValue)
      let descriptors = [
        leaf.directory.number, payload.number, outcome.number, logWrite, theirs, logRead, ours,
      ]
      defer {
        close(logWrite)
        close(theirs)
      }
      let attempt = LiveAttempt(
        id: id, serial: nextSerial, purpose: purpose, leaf: leaf, outcome: outcome,
        log: Descriptor(owning: logRead), channel: Descriptor(owning: ours), workDirectory: work)
      nextSerial += 1
      try keeper.send(packet, descriptors)
      try add(attempt)
    } catch {
      try leaf.remove()
      rmdir(work)
      throw error
    }
  }

  /// Keeps an attempt and watches its output.
  func add(_ attempt: LiveAttempt) throws {
    attempts[attempt.serial] = attempt
    serials[attempt.id] = attempt.serial
    try watch(attempt.log.number, .log, serial: attempt.serial, events: Self.readable)
    try watch(attempt.channel.number, .channel, serial: attempt.serial, events: Self.readable)
  }

  private func makeWorkDirectory(_ path: String, for identity: LaunchSettings.Identity) throws {
    try checkErrno(mkdir(path, 0o700), "make the work directory `\(path)`")
    if geteuid() == 0 {
      try checkErrno(chown(path, identity.uid, identity.gid), "give away the work directory `\(path)`")
    }
  }

  private static func packet(
    _ id: AttemptID, tier: Int, plugin: String, work: String
  ) throws -> millrace_keeper_start {
    var packet = millrace_keeper_start()
    packet.type = UInt32(MILLRACE_KEEPER_START)
    packet.tier = UInt32(tier)
    packet.job = id.job.rawValue
    packet.attempt = Int32(id.number)
    try copy(plugin, into: &packet.plugin, "use the plugin `\(plugin)`")
    try copy(work, into: &packet.work_directory, "use the work directory `\(work)`")
    return packet
  }

  private static func pipe() throws -> (read: Int32, write: Int32) {
    var ends: [Int32] = [-1, -1]
    try check(millrace_pipe(&ends), "make a pipe")
    try check(millrace_set_nonblocking(ends[0], 1), "set up a pipe")
    return (ends[0], ends[1])
  }

  private static func channel() throws -> (ours: Int32, theirs: Int32) {
    var ends: [Int32] = [-1, -1]
    try check(millrace_socketpair(&ends), "make a channel")
    return (ends[0], ends[1])
  }

  /// Returns the keeper; connects to one or starts it if there is none.
  func connectedKeeper() throws -> KeeperConnection {
    if let keeper { return keeper }
    let keeper = try KeeperConnection(settings, in: tree)
    try watch(keeper.socket.number, .keeper, serial: 0, events: Self.readable)
    self.keeper = keeper
    return keeper
  }

  static func monotonic() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// Milliseconds until a description takes too long; -1 if none is under way.
  func timeToNextDeadline() -> Int32 {
    let next = attempts.values.compactMap(\.descriptionDeadline).min()
    return next.map { Int32(max(0, $0 - Self.monotonic())) } ?? -1
  }

  func endLateDescriptions() {
    let now = Self.monotonic()
    for attempt in attempts.values {
      guard let deadline = attempt.descriptionDeadline, deadline <= now, !attempt.isLate else { continue }
      attempt.isLate = true
      kill(attempt)
    }
  }
}
