import MillraceCore
import TestSupport
import Testing

@testable import MillraceEngine

@Suite("Events that nobody may lose", .timeLimit(.minutes(2)))
struct EventDurabilityTests {
  private static func events(_ range: Range<Int>) -> [CloudEvent] {
    range.map { CloudEvent(id: "\($0)", source: "/test", type: "upload.done") }
  }

  private static let uploads: [String: JSONValue] = ["event": .string("upload.done")]

  @Test("what was acknowledged before the runner went makes its job when it is back, once")
  func restart() async throws {
    let record = MemoryJobStore()
    let first = ScheduleBench(record: record)
    try await first.bench.run {
      try await first.add("scan", Self.uploads)
      try await first.add("slow", Self.uploads.merging(["debounce": .string("1h")]) { $1 })
      _ = try await first.engine.announce(Self.events(0..<1))
      try await first.rows(1, of: "scan")
      try await first.settledEvents()
    }
    // Acknowledged, and the runner gone before anything was decided.
    _ = try await record.accept(Self.events(0..<2), at: Sample.time(10))
    let second = ScheduleBench(at: 20, record: record)
    try await second.bench.run {
      let rows = try await second.rows(2, of: "scan")
      #expect(rows.map(\.tick.fate) == [.ran, .caughtUp])
      #expect(rows[1].tick.note == "event 2, `upload.done`; it came before the runner was there")
      try await second.settledEvents()
      // What was gathered is still there, and counts from when it came.
      try await second.turn(to: 3610, rows: 1, of: "slow")
      #expect(
        try await second.rows(1, of: "slow")[0].tick.note
          == "events 1 to 2, 2 of them; it came before the runner was there")
    }
  }

  @Test("while the queue of jobs is full events wait; none is lost, and none makes two jobs")
  func fullQueue() async throws {
    let bench = ScheduleBench(slots: 1, maxQueued: 2)
    try await bench.bench.run {
      try await bench.add("scan", Self.uploads)
      _ = try await bench.engine.announce(Self.events(0..<20))
      for number in 1...20 { try await bench.finish(JobID(Int64(number))) }
      let rows = try await bench.rows(20, of: "scan")
      #expect(Set(rows.compactMap(\.tick.job)).count == 20)
      #expect(rows.map(\.tick.note) == (1...20).map { "event \($0), `upload.done`" })
      #expect(try await bench.store.openEventCount() == 0)
    }
  }

  @Test("so many events can wait; more are refused, until some are decided about")
  func flood() async throws {
    let bench = ScheduleBench(slots: 1, maxQueued: 1)
    try await bench.bench.run {
      try await bench.add("scan", Self.uploads)
      let most = Engine.EventBook.mostOpen
      let large = await bench.refusal { _ = try await bench.engine.announce(Self.events(0..<(most + 1))) }
      #expect(large?.kind == .queueFull)
      #expect(try await bench.store.events(matching: EventQuery()).isEmpty)
      _ = try await bench.engine.announce(Self.events(0..<most))
      // One runs and one waits; the others are open.
      try await bench.rows(2, of: "scan")
      let refusal = await bench.refusal {
        _ = try await bench.engine.announce(Self.events(most..<(most + 3)))
      }
      #expect(refusal?.kind == .queueFull && refusal?.hint != nil)
      try await bench.finish(JobID(1))
      try await bench.rows(3, of: "scan")
      let accepted = try await bench.engine.announce(Self.events(most..<(most + 3)))
      #expect(accepted.map(\.isNew) == [true, true, true])
      #expect(try await bench.store.openEventCount() == most)
    }
  }

  @Test("a file that appears while the runner stops does not hold it up: it is looked for at the next start")
  func stopping() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("in", ["files": .object(["directory": .string("/srv/in")])])
      bench.bench.store.hold()
      async let job = bench.bench.submit()
      try await bench.bench.journal.wait(for: "commit [accepted 1")
      await bench.engine.stop()
      bench.files.tell(
        .appeared([
          FileAppearance(
            schedule: "in", directory: "/srv/in", name: "a", bytes: 1, modified: Sample.time(0),
            identity: "a")
        ]))
      try await bench.bench.inboxHolds(1)
      bench.bench.store.release()
      _ = try await job
    }
    #expect(try await bench.store.events(matching: EventQuery()).isEmpty)
  }

  @Test("an event that many schedules wait for makes all of their jobs, though the queue takes fewer")
  func manySchedules() async throws {
    let bench = ScheduleBench(slots: 1, maxQueued: 2)
    try await bench.bench.run {
      for number in 0..<5 { try await bench.add("scan-\(number)", Self.uploads) }
      _ = try await bench.engine.announce(Self.events(0..<2))
      for number in 1...10 { try await bench.finish(JobID(Int64(number))) }
      for number in 0..<5 { #expect(try await bench.fates(2, of: "scan-\(number)") == [.ran, .ran]) }
    }
  }

  @Test("while the record can't be written nothing is acknowledged, and nothing decided is lost")
  func fullDisk() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("scan", Self.uploads)
      bench.bench.store.fail { $0 == "claim" ? .fails(.diskFull) : nil }
      _ = try await bench.engine.announce(Self.events(0..<2))
      try await bench.bench.settled()
      let refusal = await bench.refusal { _ = try await bench.engine.announce(Self.events(2..<3)) }
      #expect(refusal?.kind == .storage)
      bench.bench.store.fail(by: nil)
      bench.bench.clock.advance(by: .seconds(60))
      #expect(try await bench.rows(2, of: "scan").map(\.tick.note).count == 2)
      #expect(try await bench.store.events(matching: EventQuery()).count == 2)
    }
  }
}
