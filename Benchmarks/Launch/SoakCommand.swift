import ArgumentParser
import Foundation
import MillraceClient
import MillraceCore
import MillraceWire

/// `soak`: very many jobs through one runner, to see whether anything of it grows.
struct SoakCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "soak", abstract: "Run very many jobs; fail if memory or descriptors grow.")

  @OptionGroup var runner: RunnerOptions
  @Option(help: "How many jobs.") var jobs = 1_000_000
  @Option(help: "Figures are printed each time so many have ended; those older than that are pruned then.")
  var every = 50_000
  @Option(help: "Jobs of a batch; two batches are under way at once.") var batch = 5000
  @Option(help: "It fails if all are not done in so many seconds.") var seconds = 7200
  @Option(help: "How much memory of its own a process may have more than after the first tenth, in MiB.")
  var memory: Int64 = 16
  @Option(help: "How many descriptors a process may have more than after the first tenth.")
  var descriptors = 16
  @Flag(help: "Keep all jobs on record.") var keepRecord = false

  /// What is looked at, at one moment.
  private struct Figures {
    let jobs: Int
    let runner: ProcessFigures
    let keeper: ProcessFigures
    let leaves: Int
    let database: Int64

    init(after jobs: Int, of process: RunnerProcess) throws {
      self.jobs = jobs
      let group = try process.group
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
    let all = try measure(process)
    guard let last = all.last else { return }
    // The first tenth warms up: pages of the database, the allocator's arenas, what is learned.
    let first = all.first { $0.jobs >= jobs / 10 } ?? last
    try check("the runner", first.runner, last.runner)
    try check("the keeper", first.keeper, last.keeper)
    guard last.leaves == 0 else { throw BenchmarkError("\(last.leaves) cgroups are left") }
    print("nothing grew by more than \(memory) MiB or \(descriptors) descriptors after the first tenth")
  }

  private func measure(_ process: RunnerProcess) throws -> [Figures] {
    let began = ContinuousClock.now
    var figures: [Figures] = []
    var (submitted, done, last) = (0, 0, ContinuousClock.now)
    var underWay: [(count: Int, last: JobID)] = []
    while done < jobs {
      guard began.duration(to: .now) < .seconds(seconds) else {
        throw BenchmarkError("of \(jobs) jobs \(done) were done in \(seconds) s")
      }
      while underWay.count < 2, submitted < jobs {
        let count = min(batch, jobs - submitted)
        let requests = Array(repeating: SubmitRequest(handler: "noop"), count: count)
        guard let id = try process.client.submit(BatchRequest(jobs: requests)).ids.last else { break }
        submitted += count
        underWay.append((count, id))
      }
      let next = underWay.removeFirst()
      if underWay.isEmpty {
        try process.waitForAll(last: next.last)
      } else {
        try process.wait(for: next.last)
      }
      done += next.count
      guard done / every > (done - next.count) / every || done == jobs else { continue }
      let span = last.nanosecondsSince
      let since = done - (figures.last?.jobs ?? 0)
      if !keepRecord { try prune(process) }
      figures.append(try Figures(after: done, of: process))
      figures.last?.show(rate: Double(since) * 1e9 / Double(span))
      fflush(nil)  // Into a file or a pipe, a line at a time too.
      last = .now
    }
    if keepRecord { try process.check(attempts: jobs) }
    return figures
  }

  /// Has what has ended deleted, while the next jobs run.
  private func prune(_ process: RunnerProcess) throws {
    _ = try process.client.prune(PruneRequest(olderThanSeconds: 1, states: [.succeeded]))
  }

  private func check(_ name: String, _ first: ProcessFigures, _ last: ProcessFigures) throws {
    let grown = last.anonymous - first.anonymous
    guard grown <= memory << 20 else {
      throw BenchmarkError("\(name) has grown by \(ProcessFigures.mebibytes(grown)) MiB")
    }
    guard last.descriptors - first.descriptors <= descriptors else {
      throw BenchmarkError("\(name) has \(last.descriptors - first.descriptors) descriptors more")
    }
  }
}
