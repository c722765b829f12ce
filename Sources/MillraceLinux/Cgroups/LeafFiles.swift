import Glibc
import MillraceCore

/// The files of a leaf's directory: limits in, usage out.
struct LeafFiles {
  /// The directory's descriptor; its owner is the leaf.
  let directory: Int32
  let name: String
  /// What the leaf has files of; of other controllers none is looked for.
  let controllers: [String]

  func read(_ file: String, atMost bound: Int = 64 << 10) throws -> String {
    try Descriptor(opening: file, in: directory, flags: O_RDONLY).contents(atMost: bound, "\(name)/\(file)")
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
  func set(_ limits: Limits, priority: Priority) throws {
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

  func finalUsage(_ buffer: ReadingBuffer) throws -> FinalUsage {
    var final = FinalUsage()
    try read("cpu.stat", buffer) { text in
      func time(_ key: StaticString) throws -> Duration? {
        try CgroupFiles.number(of: key, in: text, "\(name)/cpu.stat").map { .microseconds($0) }
      }
      final.usage.cpuUser = try time("user_usec")
      final.usage.cpuSystem = try time("system_usec")
      final.usage.throttled = try time("throttled_usec")
    }
    if controllers.contains("memory") { try readMemory(into: &final, buffer) }
    if controllers.contains("pids") {
      try read("pids.events", buffer) {
        final.usage.forksRefused = try CgroupFiles.number(of: "max", in: $0, "\(name)/pids.events")
      }
      final.usage.pidsPeak = try single("pids.peak", buffer)
    }
    guard controllers.contains("io") else { return final }
    try read("io.stat", buffer) {
      let io = try CgroupFiles.ioStat($0)
      final.usage.ioRead = io.read
      final.usage.ioWritten = io.written
    }
    return final
  }

  private func readMemory(into final: inout FinalUsage, _ buffer: ReadingBuffer) throws {
    try read("memory.events", buffer) { text in
      let kills = try CgroupFiles.member("oom_kill", of: text, "\(name)/memory.events")
      let own = try CgroupFiles.member("oom", of: text, "\(name)/memory.events")
      final.usage.oomKills = kills
      final.isKilledByOthersMemory = kills > 0 && own == 0
    }
    final.usage.memoryPeak = try single("memory.peak", buffer).map { Bytes($0) }
  }

  private func single(_ file: String, _ buffer: ReadingBuffer) throws -> Int64? {
    var number: Int64?
    try read(file, buffer) { number = try CgroupFiles.single($0, "\(name)/\(file)") }
    return number
  }

  /// Hands a file's text to `body`, if this kernel has the file.
  private func read(_ file: String, _ buffer: ReadingBuffer, _ body: (Span<UInt8>) throws -> Void) throws {
    guard let opened = try Descriptor.ifThere(file, in: directory, flags: O_RDONLY) else { return }
    try buffer.read(opened, "\(name)/\(file)", body)
  }
}

/// What an attempt used in all, and whether the memory of others was its end.
struct FinalUsage {
  var usage = Usage()
  /// Whether the kernel killed in it although it was within its own limit.
  var isKilledByOthersMemory = false
}
