import Glibc
import MillraceCore

/// The files of a leaf's directory: limits in, usage out.
struct LeafFiles {
  /// The directory's descriptor; its owner is the leaf.
  let directory: Int32
  let name: String

  func read(_ file: String, atMost bound: Int = 64 << 10) throws -> String {
    try Descriptor(opening: file, in: directory, flags: O_RDONLY).contents(atMost: bound, "\(name)/\(file)")
  }

  /// Returns a file's text; nil if this kernel does not have the file.
  private func readIfThere(_ file: String) throws -> String? {
    try Descriptor.ifThere(file, in: directory, flags: O_RDONLY)?.contents("\(name)/\(file)")
  }

  func write(_ file: String, _ value: String) throws {
    do {
      let file = try Descriptor(opening: file, in: directory, flags: O_WRONLY)
      var value = value
      try value.withUTF8 { try file.write(UnsafeRawBufferPointer($0), "") }
    } catch let error as LinuxError {
      throw LinuxError("set `\(file)` to \(value) on `\(name)`", error.reason)
    }
  }

  /// Sets every limit; nothing of it is optional.
  func set(_ limits: Limits, priority: Priority, controllers: [String]) throws {
    guard !controllers.isEmpty else { return }
    try write("memory.max", "\(limits.memory.rawValue)")
    try setSwap()
    try write("memory.oom.group", "1")
    try write("cpu.max", "\(max(1000, limits.cpuMillis * 100)) 100000")
    try write("cpu.weight", "\(priority.rawValue * 20)")  // The middle, 5, is the kernel's own default: 100.
    try write("pids.max", "\(limits.pids)")
    for limit in limits.io {
      guard controllers.contains("io") else {
        throw LinuxError("limit I/O on `\(limit.device)`", .missing("cgroup v2 has no controller io here"))
      }
      let rates = [("rbps", limit.readBytesPerSecond), ("wbps", limit.writeBytesPerSecond)]
      try write(
        "io.max",
        ([limit.device] + rates.compactMap { key, rate in rate.map { "\(key)=\($0)" } }).joined(
          separator: " "))
    }
  }

  /// No swap: else a job over its limit would crawl instead of ending. A kernel without swap has no such
  /// file.
  private func setSwap() throws {
    do {
      try write("memory.swap.max", "0")
    } catch let error as LinuxError where error.reason == .kernel(ENOENT) {
      guard try textFile("/proc/swaps").split(separator: "\n").count <= 1 else {
        throw LinuxError(
          "forbid swap on `\(name)`", .missing("this kernel does not count swap by cgroup"),
          hint: "boot with `swapaccount=1` or switch swap off: swapoff -a")
      }
    }
  }

  func finalUsage() throws -> (usage: Usage, memoryEvents: [String: Int64]) {
    let cpu = try readIfThere("cpu.stat").map { try CgroupFiles.flatKeyed($0, "cpu.stat") } ?? [:]
    let memory = try readIfThere("memory.events").map { try CgroupFiles.flatKeyed($0, "memory.events") }
    let pids = try readIfThere("pids.events").map { try CgroupFiles.flatKeyed($0, "pids.events") }
    let io = try readIfThere("io.stat").map { try CgroupFiles.ioStat($0) }
    let usage = Usage(
      memoryPeak: try readIfThere("memory.peak").map { Bytes(try CgroupFiles.single($0, "memory.peak")) },
      cpuUser: cpu["user_usec"].map { .microseconds($0) },
      cpuSystem: cpu["system_usec"].map { .microseconds($0) },
      throttled: cpu["throttled_usec"].map { .microseconds($0) },
      ioRead: io?.read, ioWritten: io?.written,
      pidsPeak: try readIfThere("pids.peak").map { try CgroupFiles.single($0, "pids.peak") },
      oomKills: memory?["oom_kill"], forksRefused: pids?["max"])
    return (usage, memory ?? [:])
  }

  func sample() throws -> UsageSample {
    let current = try readIfThere("memory.current").map { try CgroupFiles.single($0, "memory.current") }
    let stat = try readIfThere("memory.stat").map { try CgroupFiles.flatKeyed($0, "memory.stat") }
    let events = try readIfThere("memory.events").map { try CgroupFiles.flatKeyed($0, "memory.events") }
    let cpu = try readIfThere("cpu.stat").map { try CgroupFiles.flatKeyed($0, "cpu.stat") }
    return UsageSample(
      workingSet: current.map { Bytes($0) - Bytes(stat?["inactive_file"] ?? 0) },
      cpu: cpu?["usage_usec"].map { .microseconds($0) }, memoryLimitHits: events?["max"])
  }
}
