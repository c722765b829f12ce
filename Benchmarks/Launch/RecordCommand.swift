import ArgumentParser
import Foundation
import GRDB
import MillraceCore
import MillraceEngine
import MillraceStore

/// `record`: what a large record costs: a new runner, the history, deleting, copying and checking it.
struct RecordCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Measure a large record: recovery, history, pruning, backup, check.")

  @Option(help: "A directory to make records in.") var directory: String
  @Option(help: "How many jobs wait when a runner starts.") var queued = 100_000
  @Option(help: "How many attempts the history has.") var attempts = 1_000_000
  @Option(help: "How often each query is asked.") var rounds = 20
  @Flag(help: "Show every filter, not only the slowest.") var each = false

  /// So many jobs are pruned at most; the rest would go on like them.
  private static let mostPruned = 100_000
  private static let clock = ContinuousClock()

  func run() async throws {
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try await measureRecovery()
    let file = directory + "/history.db"
    let making = try await time { try await MadeRecord.ended(attempts, in: file) }
    try await demandAll(in: file)
    Row(
      what: "a record of \(attempts) attempts made", lane: "native",
      measured: "\(making.milliseconds / 1000) s"
    ).show()
    let store = try SQLiteJobStore(opening: file)
    try await measureHistory(store)
    try await measureKeeping(store)
    try store.close()
  }

  /// A new runner finds jobs that wait: from the opening of the database to the first start.
  private func measureRecovery() async throws {
    let file = directory + "/queued.db"
    try await MadeRecord.queued(queued, in: file)
    let store = try SQLiteJobStore(opening: file)
    let reading = try await time { _ = try await store.unfinished().count }
    try store.close()
    let before = StubRunner.residentBytes()
    var memory: Int64 = 0
    let recovery = try await time {
      memory = try await StubRunner.firstStart(in: file) - before
    }
    Row(
      what: "recovery with \(queued) jobs queued: database opened to first start", lane: "native",
      measured: "\(milliseconds(recovery)) ms"
    ).show()
    Row(
      what: "memory that it takes", lane: "native",
      measured: "\(fixed(Double(max(0, memory)) / 1_048_576, decimals: 1)) MiB"
    ).show()
    Row(
      what: "of which: all unfinished jobs read", lane: "native", measured: "\(milliseconds(reading)) ms"
    ).show()
  }

  /// The record has what was asked for; `measureKeeping` looks at whether it is sound.
  private func demandAll(in file: String) async throws {
    let queue = try DatabaseQueue(path: file)
    for table in ["job", "attempt", "label"] {
      let rows = try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") }
      guard rows == attempts else {
        throw BenchmarkError("there are \(rows ?? 0) rows in `\(table)`, not \(attempts)")
      }
    }
    try queue.close()
  }

  /// Lists of a hundred attempts, by everything that can be asked for.
  private func measureHistory(_ store: SQLiteJobStore) async throws {
    var slowest: (times: Times, name: String)?
    for (name, filter) in MadeRecord.filters {
      var times = Times()
      for _ in 0..<rounds {
        let span = try await time { _ = try await store.history(matching: filter) }
        times.add([Int64(span / .nanoseconds(1))])
      }
      if each {
        Row(what: "100 of \(attempts) attempts: \(name)", lane: "native", measured: times.text).show()
      }
      if slowest.map({ times.median > $0.times.median }) ?? true { slowest = (times, name) }
    }
    guard let slowest else { return }
    Row(
      what: "100 of \(attempts) attempts, slowest of \(MadeRecord.filters.count) filters (\(slowest.name))",
      lane: "native", measured: slowest.times.text, target: "≤ 50 ms"
    ).show()
  }

  private func measureKeeping(_ store: SQLiteJobStore) async throws {
    let check = try SQLiteHistory(opening: directory + "/history.db")
    let size = try await store.size().database
    var found = RecordCheck()
    var span = try await time { found = try await check.check(within: .seconds(3600)) }
    guard found.damages.isEmpty, !found.isCutShort else {
      throw BenchmarkError("the record is not sound: \(found.damages)")
    }
    Row(
      what: "check of a record of \(size) (`doctor`)", lane: "native", measured: "\(milliseconds(span)) ms"
    ).show()
    try check.close()
    span = try await time { _ = try await store.backup(to: directory + "/backup") }
    Row(what: "backup of it", lane: "native", measured: "\(milliseconds(span)) ms").show()
    let alone = try await commits(on: store) { try await Task.sleep(for: .seconds(2)) }
    var jobs = 0
    var beside = Times()
    span = try await time {
      beside = try await commits(on: store) {
        while jobs < min(attempts / 10, Self.mostPruned) {
          let deletion = try await store.delete(
            EndedJobs([.succeeded]), atMost: RecordKeeper.slice, at: MadeRecord.later)
          guard !deletion.jobs.isEmpty else { return }
          jobs += deletion.jobs.count
        }
      }
    }
    Row(
      what: "\(jobs) jobs pruned, in slices of \(RecordKeeper.slice), while others commit", lane: "native",
      measured: "\(Int64(Double(jobs) / span.seconds)) jobs/s"
    ).show()
    Row(
      what: "a commit meanwhile, against one without", lane: "native", measured: beside.text,
      limit: alone.text,
      ratio: Times.text(of: beside.ratios(to: alone))
    ).show()
    try await measureShrinking(store)
  }

  private func measureShrinking(_ store: SQLiteJobStore) async throws {
    var (times, bytes) = (Times(), Bytes.zero)
    while true {
      let start = Self.clock.now
      let given = try await store.shrink()
      guard given > .zero else { break }
      times.add([Int64((Self.clock.now - start) / .nanoseconds(1))])
      bytes = bytes + given
    }
    guard bytes > .zero else { return }
    Row(what: "\(bytes) given back, 4 MiB at a time", lane: "native", measured: times.text).show()
  }

  /// Commits one job after the other while `body` works.
  private func commits(on store: SQLiteJobStore, while body: () async throws -> Void) async throws -> Times {
    let committing = Task {
      var times = Times()
      while !Task.isCancelled {
        let start = Self.clock.now
        _ = try await store.accept([MadeRecord.submission(0)], at: MadeRecord.later)
        times.add([Int64((Self.clock.now - start) / .nanoseconds(1))])
      }
      return times
    }
    try await body()
    committing.cancel()
    return try await committing.value
  }

  private func time(_ body: () async throws -> Void) async rethrows -> Duration {
    let start = Self.clock.now
    try await body()
    return Self.clock.now - start
  }

  private func milliseconds(_ span: Duration) -> Int64 { span.milliseconds }
}
