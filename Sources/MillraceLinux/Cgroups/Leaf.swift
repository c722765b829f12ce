import CMillraceLinux
import Glibc
import MillraceCore

/// Whether any process is left in a leaf, as its `cgroup.events` tells.
final class Population {
  private let events: KernelFile

  init(_ events: KernelFile) { self.events = events }

  /// The descriptor whose POLLPRI tells that something has changed since `isAny` last looked.
  var descriptor: Int32 { events.descriptor.number }

  /// Whether any process is left. It reads this very descriptor: one that was not read since the last change
  /// stays ready, and whoever waits for it would spin.
  func isAny() throws -> Bool {
    try ReadingBuffer(count: 256).read(events) {
      try CgroupFiles.member("populated", of: $0, events.name) == 1
    }
  }
}

/// The cgroup of one attempt, from its making to its removal; never used twice.
final class Leaf {
  /// The name within the plugin's group: the attempt.
  let name: String
  /// The directory, kept open.
  let directory: Descriptor
  private let parent: PluginGroup
  private let files: LeafFiles
  /// There from the first sample on: most jobs end before it.
  private var gauges: UsageGauges?

  /// Makes a leaf with all of its limits.
  /// - Throws: `LinuxError`; the leaf is gone again then.
  init(name: String, in parent: PluginGroup, limits: Limits, priority: Priority) throws {
    try checkErrno(mkdirat(parent.directory.number, name, 0o755), "make the cgroup `\(name)`")
    do {
      directory = try Descriptor(opening: name, in: parent.directory.number, flags: O_RDONLY | O_DIRECTORY)
      files = LeafFiles(directory: directory.number, name: name, controllers: parent.controllers)
      try files.set(limits, priority: priority)
    } catch {
      unlinkat(parent.directory.number, name, AT_REMOVEDIR)
      throw error
    }
    self.name = name
    self.parent = parent
  }

  /// Finds a leaf that a former runner made.
  init(existing name: String, in parent: PluginGroup) throws {
    directory = try Descriptor(opening: name, in: parent.directory.number, flags: O_RDONLY | O_DIRECTORY)
    files = LeafFiles(directory: directory.number, name: name, controllers: parent.controllers)
    self.name = name
    self.parent = parent
  }

  /// Lets processes with this effective gid make others in it, or move them here, as far as they may do so in
  /// the group above, too (cgroup v2, "delegation containment").
  func openGate(for gid: UInt32) throws {
    try CgroupTree.openGate(in: directory.number, for: gid, name: name)
  }

  /// Kills every process in it (`cgroup.kill`, Linux 5.14).
  func kill() throws { try files.write("cgroup.kill", "1") }

  /// Stops all of its processes where they are, or lets them go on (`cgroup.freeze`, Linux 5.2). Stopped ones
  /// hear no signal but SIGKILL.
  func setFrozen(_ isFrozen: Bool) throws { try files.write("cgroup.freeze", isFrozen ? "1" : "0") }

  /// Sends a signal to every process in it; those that are born meanwhile may be missed.
  ///
  /// The number of a process that has ended may be another's by now. So each is held by a descriptor first,
  /// and gets the signal only if its number is still in the list after that.
  func signal(_ signal: Int32) throws {
    var rest = try processes()[...]
    while !rest.isEmpty {
      try self.signal(signal, to: rest.prefix(Self.heldAtOnce))
      rest = rest.dropFirst(Self.heldAtOnce)
    }
  }

  private static let heldAtOnce = 64

  private func signal(_ signal: Int32, to pids: ArraySlice<Int32>) throws {
    var held: [Int32: Int32] = [:]
    defer { for descriptor in held.values { close(descriptor) } }
    for pid in pids {
      let descriptor = millrace_pidfd_open(pid)
      if descriptor == -ESRCH { continue }
      held[pid] = try check(descriptor, "signal the processes of `\(name)`")
    }
    for pid in try processes() {
      guard let descriptor = held[pid] else { continue }
      let result = millrace_pidfd_send_signal(descriptor, signal)
      if result != -ESRCH { try check(result, "signal the processes of `\(name)`") }
    }
  }

  /// The processes in it, each by its number; one of another PID namespace is left out.
  func processes() throws -> [Int32] {
    try files.read("cgroup.procs", atMost: 64 << 20).split(separator: "\n").compactMap { line in
      guard let pid = Int32(line) else {
        throw LinuxError("read `\(name)/cgroup.procs`", .malformed("unexpected text `\(line.prefix(80))`"))
      }
      return pid > 0 ? pid : nil
    }
  }

  /// Opens the file that tells whether any process is left in it.
  func population() throws -> Population {
    Population(
      try KernelFile(opening: "cgroup.events", in: directory.number, name: "\(name)/cgroup.events"))
  }

  /// Returns what it used in all; read it after the last exit and before `remove`.
  func finalUsage(_ buffer: ReadingBuffer) throws -> FinalUsage { try files.finalUsage(buffer) }

  /// Returns what it uses now.
  func sample(_ buffer: ReadingBuffer) throws -> UsageSample {
    let gauges = try gauges ?? UsageGauges(directory: directory.number, name: name)
    self.gauges = gauges
    return try gauges.sample(buffer)
  }

  /// Closes the files that are kept open for `sample`.
  func closeGauges() { gauges = nil }

  /// Whether any process was ever in it: what it used stays after its end.
  func hasRun(_ buffer: ReadingBuffer) throws -> Bool {
    let usage = try finalUsage(buffer).usage
    return (usage.cpuUser ?? .zero) + (usage.cpuSystem ?? .zero) > .zero
  }

  /// Removes the leaf; it must be empty.
  func remove() throws {
    try checkErrno(unlinkat(parent.directory.number, name, AT_REMOVEDIR), "remove the cgroup `\(name)`")
  }
}
