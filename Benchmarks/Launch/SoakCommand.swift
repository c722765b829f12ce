import ArgumentParser
import Foundation
import MillraceClient
import MillraceCore
import MillraceLinux
import MillraceWire

/// `soak`: very many jobs through one runner, to see whether anything of it grows.
struct SoakCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak", abstract: "Run very many jobs; fail if memory or descriptors grow.")

  @OptionGroup var runner: RunnerOptions
  @Option(help: "How many jobs.") var jobs = 1_000_000
  @Option(help: "Figures are printed each time so many have ended; these are pruned then.")
  var every = 50_000
  @Option(help: "Jobs of a batch; two batches are under way at once.") var batch = 5000
  @Option(help: "It fails if all are not done in so many seconds.") var seconds = 7200
  @Option(help: "How much its own memory may grow from the first third to the last, in MiB.")
  var memory: Int64 = 16
  @Option(help: "How many descriptors a process may have more than after the first tenth.")
  var descriptors = 4
  @Flag(help: "Keep all jobs on record.") var keepRecord = false

  func validate() throws {
    guard every > 0, jobs / every >= 6 else {
      throw ValidationError("of \(jobs) jobs, figures after each \(every) are too few to show growth")
    }
  }

  /// What is looked at, at one moment.
  private struct Figures {
    let jobs: Int
    let runner: ProcessFigures
    let keeper: ProcessFigures
    let leaves: Int
    let database: Int64

    /// Looks when all of so many jobs have ended.
    init(after jobs: Int, of process: RunnerProcess) async throws {
      self.jobs = jobs
      let group = try process.group
      // The last leaves, channels and logs are closed in the time of the next jobs; then free memory goes.
      try await Task.sleep(for: Heap.interval + .seconds(1))
      let keeperPids = try String(contentsOfFile: group + "/keeper/cgroup.procs", encoding: .utf8)
      guard let pid = keeperPids.split(separator: "\n").first.flatMap({ Int32($0) }) else {
        throw BenchmarkError("the runner has no keeper")
      }
      runner = try ProcessFigures(of: process.pid)
      keeper = try ProcessFigures(of: pid)
      leaves = try FileManager.default.contentsOfDirectory(atPath: group + "/p/probe")
        .count { $0.contains(".") && $0.first?.isNumber == true }
      database = process.place.databaseBytes
    }

    func show(rate: Double) {
      func memory(_ figures: ProcessFigures) -> String {
        "\(ProcessFigures.mebibytes(figures.anonymous)) + \(ProcessFigures.mebibytes(figures.ofFiles))"
      }
      print(
        "| \(jobs) | \(Int(rate)) | \(memory(runner)) | \(runner.descriptors) | \(memory(keeper)) "
          + "| \(keeper.descriptors) | \(leaves) | \(ProcessFigures.mebibytes(database)) |")
    }
  }

  func run() async throws {
    let process = try await RunnerProcess(runner)
    defer { process.stop() }
    print(
      """
      | jobs | jobs/s | runner: own + of files, MiB | descriptors \
      | keeper: own + of files, MiB | descriptors | leaves | database, MiB |
      |---|---|---|---|---|---|---|---|
      """)
    let all = try await measure(process)
    // The first tenth warms up: pages of the database, the allocator's arenas, what is learned.
    let warm = all.filter { $0.jobs >= jobs / 10 }
    try check("the runner", warm.map(\.runner))
    try check("the keeper", warm.map(\.keeper))
    if let left = all.map(\.leaves).first(where: { $0 > 0 }) {
      throw BenchmarkError("\(left) cgroups were left")
    }
    print("after the first tenth nothing grew by more than \(memory) MiB or \(descriptors) descriptors")
  }

  /// Runs all jobs; after each part of them, when nothing runs, looks at what is there.
  private func measure(_ process: RunnerProcess) async throws -> [Figures] {
    let end = ContinuousClock.now + .seconds(seconds)
    var figures: [Figures] = []
    var done = 0
    while done < jobs {
      let began = ContinuousClock.now
      let part = min(every, jobs - done)
      try run(part, on: process, isFirst: done == 0, until: end)
      done += part
      let span = began.nanosecondsSince
      let now = try await Figures(after: done, of: process)
      now.show(rate: Double(part) * 1e9 / Double(span))
      fflush(nil)  // Into a file or a pipe, a line at a time too.
      figures.append(now)
    }
    if keepRecord { try process.check(attempts: jobs) }
    return figures
  }

  private func run(
    _ count: Int, on process: RunnerProcess, isFirst: Bool, until end: ContinuousClock.Instant
  ) throws {
    var submitted = 0
    var underWay: [JobID] = []
    while submitted < count || !underWay.isEmpty {
      guard ContinuousClock.now < end else {
        throw BenchmarkError("\(jobs) jobs were not done in \(seconds) s")
      }
      while underWay.count < 2, submitted < count {
        let size = min(batch, count - submitted)
        let requests = Array(repeating: SubmitRequest(handler: "noop"), count: size)
        underWay += try process.client.submit(BatchRequest(jobs: requests)).ids.suffix(1)
        submitted += size
        if submitted == size, !isFirst, !keepRecord { try prune(process) }
      }
      let next = underWay.removeFirst()
      if underWay.isEmpty { try process.waitForAll(last: next) } else { try process.wait(for: next) }
    }
  }

  /// Has what has ended deleted; a batch is under way.
  private func prune(_ process: RunnerProcess) throws {
    _ = try process.client.prune(PruneRequest(olderThanSeconds: 1, states: [.succeeded]))
  }

  /// Memory goes up and down with what lies between blocks that are free: thirds are compared, not rows.
  private func check(_ name: String, _ figures: [ProcessFigures]) throws {
    let third = max(1, figures.count / 3)
    func median(_ some: ArraySlice<ProcessFigures>) -> Int64 {
      some.map(\.anonymous).sorted()[some.count / 2]
    }
    let grown = median(figures.suffix(third)) - median(figures.prefix(third))
    guard grown <= memory << 20 else {
      throw BenchmarkError("\(name) has grown by \(ProcessFigures.mebibytes(grown)) MiB")
    }
    guard let first = figures.first?.descriptors, let last = figures.last?.descriptors else { return }
    guard last - first <= descriptors else {
      throw BenchmarkError("\(name) has \(last - first) descriptors more")
    }
  }
}
