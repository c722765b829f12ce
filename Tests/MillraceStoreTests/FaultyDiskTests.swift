import GRDB
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

/// The store over an SQLite whose calls of the disk fail.
@Suite("A faulty disk", .serialized, .timeLimit(.minutes(5)))
struct FaultyDiskTests {
  init() { FaultyDisk.install() }

  @Test(
    "whichever call fails, what was refused is not there and what was taken is",
    arguments: FaultyDisk.Fault.all)
  func eachCall(fault: FaultyDisk.Fault) async throws {
    try await withFaultyStore { store, file in
      let fault = fault.code == .SQLITE_BUSY ? fault : fault.once()
      var expected = try await store.submit([Sample.plain()], at: Sample.time(0))
      var failures = 0
      for calls in Int64(0)..<40 {
        FaultyDisk.fail(file, by: fault, after: calls)
        let accepted = await result { try await store.submit(batch, at: Sample.time(1)) }
        let cancelled = await result {
          try await store.commit([.cancelled(expected[0], at: Sample.time(2))])
        }
        failures += FaultyDisk.mend()
        if case .success(let ids) = accepted { expected += ids }
        if case .success = cancelled { expected.removeFirst() }
        #expect(try await store.unfinished().map(\.job.id) == expected, "after \(calls) calls")
        expected += try await store.submit([Sample.plain()], at: Sample.time(3))
      }
      try store.close()
      let again = try SQLiteJobStore(opening: file)
      #expect(try await again.unfinished().map(\.job.id) == expected)
      try again.close()
      // A small commit cuts nothing off and maps nothing anew.
      let isRare = fault.code == .SQLITE_IOERR_TRUNCATE || fault.code == .SQLITE_IOERR_SHMMAP
      #expect(failures > 0 || isRare)
    }
  }

  @Test(
    "of events that were refused none is there, and what was decided about them is all there or not at all",
    arguments: FaultyDisk.Fault.all)
  func events(fault: FaultyDisk.Fault) async throws {
    try await withFaultyStore { store, file in
      let fault = fault.code == .SQLITE_BUSY ? fault : fault.once()
      let added = try await store.change(
        .add(try Sample.listener(), file: nil, created: Sample.time(0)))
      let schedule = try #require(added)
      let model = MemoryJobStore()
      _ = try await model.change(.add(try Sample.listener(), file: nil, created: Sample.time(0)))
      var random = SeededGenerator(seed: 1)
      for calls in Int64(0)..<30 {
        let events = (0..<3).map { _ in Sample.event("\(UInt8.random(in: 0...99, using: &random))") }
        var claim = Sample.claim(calls, of: schedule)
        claim.events = try await model.openEvents(atMost: 2).map(\.number)
        var settlement = EventSettlement()
        settlement.settled = claim.events
        FaultyDisk.fail(file, by: fault, after: calls)
        let accepted = await result { try await store.accept(events, at: Sample.time(calls)) }
        let claimed = await result { [claim, settlement] in
          try await store.claim([claim], settling: settlement, at: Sample.time(calls))
        }
        FaultyDisk.mend()
        if case .success(let acceptances) = accepted {
          #expect(try await model.accept(events, at: Sample.time(calls)) == acceptances)
        }
        if case .success(let results) = claimed {
          #expect(try await model.claim([claim], settling: settlement, at: Sample.time(calls)) == results)
        }
        let (rows, expected) = try await (
          store.events(matching: EventQuery(limit: 1000)), model.events(matching: EventQuery(limit: 1000))
        )
        #expect(rows == expected, "after \(calls) calls: \(accepted), \(claimed)")
      }
      try store.close()
      let again = try SQLiteJobStore(opening: file)
      #expect(try await again.openEvents(atMost: 1000) == model.openEvents(atMost: 1000))
      try again.close()
    }
  }

  @Test(
    "a store that fails by lot for a while holds exactly what it said it holds", arguments: UInt64(1)...12)
  func byLot(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    try await withFaultyStore { store, file in
      let model = MemoryJobStore()
      // The log is emptied into the database once it has 1000 pages: some of these batches do that.
      for step in 0..<120 {
        if random.oneIn(3) {
          let fault = FaultyDisk.Fault.all.randomElement(using: &random) ?? .full
          FaultyDisk.fail(
            file, by: random.oneIn(2) ? fault.once() : fault, after: Int64.random(in: 0...80, using: &random))
        }
        var job = Sample.plain()
        job.input = [UInt8](repeating: UInt8(step), count: Int.random(in: 0...60_000, using: &random))
        let jobs = [Submission](repeating: job, count: Int.random(in: 1...4, using: &random))
        let accepted = await result { try await store.submit(jobs, at: Sample.time(0)) }
        let oldest = try await model.unfinished().first?.job.id
        let changes = oldest.map { [StoreChange.cancelled($0, at: Sample.time(1))] } ?? []
        let cancelled = await result { try await store.commit(changes) }
        FaultyDisk.mend()
        if case .success(let ids) = accepted {
          #expect(try await model.submit(jobs, at: Sample.time(0)) == ids)
        }
        if case .success = cancelled { try await model.commit(changes) }
        try #require(
          try await store.unfinished().map(\.job) == model.unfinished().map(\.job),
          "step \(step): \(accepted), \(cancelled)")
      }
      try store.close()
      let again = try SQLiteJobStore(opening: file)
      #expect(try await again.unfinished().map(\.job) == model.unfinished().map(\.job))
      try again.close()
    }
  }

  @Test("bytes that are not what was written are found out, and said to be damage")
  func garbled() async throws {
    try await withFaultyStore { store, file in
      _ = try await store.accept([Submission](repeating: Sample.full(), count: 500), at: Sample.time(0))
      try store.close()
      let history = try SQLiteHistory(opening: file)
      FaultyDisk.garble(file)
      let error = try await storeError { _ = try await history.jobs(matching: JobFilter()) }
      FaultyDisk.mend()
      #expect([.corrupt, .notOurs].contains(error.reason), "\(error)")
      #expect(error.kind == .lasting)
      #expect(try await history.jobs(matching: JobFilter()).count > 0)
      try history.close()
    }
  }

  private var batch: [Submission] { [Sample.plain(), Sample.full(), Sample.plain()] }

  private func withFaultyStore(_ body: (SQLiteJobStore, String) async throws -> Void) async throws {
    try await withDirectory { directory in
      let file = directory + "/millrace.sqlite"
      defer { FaultyDisk.mend() }
      try await body(try SQLiteJobStore(opening: DatabaseFile(path: file, patience: 0.02)), file)
    }
  }

  private func result<Value>(_ body: () async throws -> Value) async -> Result<Value, any Error> {
    do { return .success(try await body()) } catch { return .failure(error) }
  }
}
