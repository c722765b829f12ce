import ArgumentParser
import Foundation
import Glibc
import MillraceCore
import MillraceLinux

/// `sample`: what it costs to read the usage of many running attempts once a second.
struct SampleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Measure what the sampling of running attempts costs.")

  @Option(help: "The program millrace-host.") var host: String
  @Option(help: "The plugin libspin.so.") var plugin: String
  @Option(help: "A new directory below which everything is made; everybody must be able to pass.")
  var directory: String
  @Option(help: "How the lane is called in the table.") var lane: String
  @Option(help: "How many attempts run.") var attempts = 1000
  @Option(help: "For how many seconds they are sampled.") var rounds = 20
  @Flag(help: "Do without cgroup controllers, where the machine has none.") var withoutControllers = false
  @Option(help: "How much of a processor may be taken, in percent.") var target: Double?
  @Option(
    help: """
      A directory with the memory files of a cgroup, for a machine without controllers: as many copies are \
      read beside the real cpu.stat, and /proc/meminfo each time for what the kernel's making of \
      memory.stat costs.
      """)
  var memoryFiles: String?

  func run() async throws {
    guard mkdir(directory, 0o711) == 0 else {
      throw BenchmarkError("cannot make `\(directory)`: \(String(cString: strerror(errno)))")
    }
    try await CgroupTree.forBenchmark(withoutControllers: withoutControllers) { try await measure(in: $0) }
  }

  private func measure(in tree: CgroupTree) async throws {
    var path = try await LaunchPath(
      tree: tree, directory: directory + "/launch", host: host, plugin: plugin)
    var ids: [AttemptID] = []
    do {
      for _ in 0..<attempts { ids.append(try await path.startJob(seconds: 1_000_000)) }
      try await measure(ids, path.launcher)
      if let memoryFiles { try await measureStandIns(ids, memoryFiles, in: tree) }
    } catch {
      await path.endJobs(ids)
      await path.launcher.stop()
      throw error
    }
    await path.endJobs(ids)
    await path.launcher.stop()
  }

  /// The runner's own way, once a second.
  private func measure(_ ids: [AttemptID], _ launcher: LocalLauncher) async throws {
    _ = await launcher.sample()  // The first one opens the files.
    var times = Times()
    for _ in 0..<rounds {
      try await Task.sleep(for: .seconds(1))
      let began = Self.processorTime()
      let sampled = await launcher.sample().attempts
      times.add([Self.processorTime() - began])
      guard sampled.count == ids.count, sampled.values.allSatisfy({ $0.cpu != nil }) else {
        throw BenchmarkError("of \(ids.count) attempts \(sampled.count) were sampled")
      }
    }
    report("sampling of \(ids.count) running attempts at 1 Hz", times)
  }

  /// The same reading with files of memory that are no cgroup's: of attempts that stand still and of such
  /// that grow, each of which has its memory.stat read every time.
  private func measureStandIns(_ ids: [AttemptID], _ files: String, in tree: CgroupTree) async throws {
    let gauges = try ids.map { try standIn(for: $0, files, in: tree) }
    let buffer = ReadingBuffer()
    for (index, gauge) in gauges.enumerated() {
      // As attempts that began one after the other: in each second it is another part's turn.
      for _ in 0...(index % UsageGauges.samplesPerStat) { _ = try gauge.sample(buffer) }
    }
    for (isGrowing, name) in [(false, "standing still"), (true, "growing")] {
      var times = Times()
      for round in 0..<rounds {
        if isGrowing {
          for id in ids { try write("\((round % 2 + 1) << 30)\n", to: "\(directory)/\(id)/memory.current") }
        }
        try await Task.sleep(for: .seconds(1))
        times.add([
          try read(gauges, buffer, texts: isGrowing ? ids.count : ids.count / UsageGauges.samplesPerStat)
        ])
      }
      report("the same, \(name), with stand-ins for the memory files", times)
    }
  }

  /// Reads all of them; returns the time that it took of a processor. `texts` is how many memory.stat a
  /// kernel would have made for it: for each, /proc/meminfo is read.
  private func read(_ gauges: [UsageGauges], _ buffer: ReadingBuffer, texts: Int) throws -> Int64 {
    let meminfo = open("/proc/meminfo", O_RDONLY | O_CLOEXEC)
    defer { close(meminfo) }
    var bytes = [UInt8](repeating: 0, count: 16 << 10)
    let began = Self.processorTime()
    for gauge in gauges {
      guard try gauge.sample(buffer).workingSet != nil else {
        throw BenchmarkError("the stand-ins do not tell the working set")
      }
    }
    for _ in 0..<texts where pread(meminfo, &bytes, bytes.count, 0) <= 0 {
      throw BenchmarkError("cannot read `/proc/meminfo`")
    }
    return Self.processorTime() - began
  }

  /// In place: the file is open.
  private func write(_ text: String, to path: String) throws {
    let file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
    defer { close(file) }
    try check(Glibc.write(file, text, text.utf8.count), "write `\(path)`")
  }

  private func standIn(for id: AttemptID, _ files: String, in tree: CgroupTree) throws -> UsageGauges {
    let path = "\(directory)/\(id)"
    try check(mkdir(path, 0o755), "make `\(path)`")
    for file in ["memory.current", "memory.stat", "memory.events"] {
      try FileManager.default.copyItem(atPath: "\(files)/\(file)", toPath: "\(path)/\(file)")
    }
    try check(symlink("\(tree.path)/p/spin/\(id)/cpu.stat", path + "/cpu.stat"), "link a cpu.stat")
    let opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { close(opened) }
    return try UsageGauges(directory: opened, name: "\(id)")
  }

  private func check(_ result: some SignedInteger, _ doing: String) throws {
    if result < 0 { throw BenchmarkError("cannot \(doing): \(String(cString: strerror(errno)))") }
  }

  private func report(_ what: String, _ times: Times) {
    // Nanoseconds out of a second.
    let shares = (Double(times.median) / 1e7, Double(times.least) / 1e7)
    let texts = [times.median, times.least].map { fixed(Double($0) / Double(attempts) / 1000, decimals: 2) }
    let verdict = target.map { target in
      "< \(fixed(target, decimals: 1)) %: \(shares.0 < target ? "met" : "missed")"
    }
    Row(
      what: what, lane: lane,
      measured: "\(fixed(shares.0, decimals: 2)) % (\(fixed(shares.1, decimals: 2)) %) of a processor, "
        + "\(texts[0]) µs (\(texts[1]) µs) an attempt",
      target: verdict ?? "–"
    ).show()
  }

  /// What all threads of this process have used, in ns.
  private static func processorTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
