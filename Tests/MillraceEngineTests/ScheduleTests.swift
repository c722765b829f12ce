import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Schedules in the engine", .timeLimit(.minutes(1)))
struct ScheduleTests {
  private static let everyMinute: [String: JSONValue] = ["cron": .string("* * * * *")]

  @Test("each nominal time makes a job in the transaction of its row, when it is due and not before")
  func due() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", Self.everyMinute)
      try await bench.bench.clock.sleeper(until: Sample.time(60))
      #expect(try await bench.engine.schedule(named: "tick").next?.time.time == Sample.time(60))
      try await bench.turn(to: 60, rows: 1, of: "tick")
      let row = try #require(try await bench.rows(1, of: "tick").first)
      #expect(row.tick.fate == .ran && row.tick.nominal == Sample.time(60))
      #expect(row.tick.local == "2026-01-01T00:01:00+00:00")
      let job = try #require(row.tick.job)
      try await bench.bench.journal.wait(for: "launch \(job).1")
      #expect(try await bench.bench.store.job(job)?.submission.labels["schedule"] == "tick")
      #expect(try await bench.engine.schedule(named: "tick").unfinished == [job])
    }
  }

  @Test("a template knows its nominal time and the last one that succeeded")
  func templates() async throws {
    let bench = ScheduleBench()
    let job: JSONValue = .object([
      "handler": .string("work"),
      "parameters": .object(["text": .string("{{schedule}} {{nominal_utc}} after <{{last_success}}>")]),
    ])
    try await bench.bench.run {
      try await bench.add("report", ["every": .string("1m"), "job": job])
      try await bench.turn(to: 60, rows: 1, of: "report")
      try await bench.bench.start(AttemptID(JobID(1)))
      try await bench.bench.end(AttemptID(JobID(1)))
      try await bench.turn(to: 120, rows: 2, of: "report")
      let texts = try await [1, 2].asyncMap { number in
        try await bench.bench.store.job(JobID(number))?.submission.parameters.object?["text"]?.string
      }
      #expect(
        texts == [
          "report 2026-01-01T00:01:00Z after <>",
          "report 2026-01-01T00:02:00Z after <2026-01-01T00:01:00Z>",
        ])
    }
  }

  @Test("a time that comes while an earlier job has not ended is dealt with as the schedule says")
  func overlap() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      for overlap in ["skip", "queue", "allow", "cancel-running"] {
        try await bench.add(overlap, ["every": .string("1m"), "overlap": .string(overlap)])
      }
      bench.bench.clock.advance(by: .seconds(60))
      for name in ["skip", "queue", "allow", "cancel-running"] {
        let row = try #require(try await bench.rows(1, of: name).first)
        try await bench.bench.start(AttemptID(try #require(row.tick.job)))
      }
      bench.bench.clock.advance(by: .seconds(60))
      #expect(try await bench.fates(2, of: "skip") == [.ran, .skippedOverlap])
      let queued = try await bench.rows(2, of: "queue")
      let first = try #require(queued[0].tick.job)
      #expect(queued[1].state == .blocked)
      #expect(try await bench.rows(2, of: "allow").map(\.tick.fate) == [.ran, .ran])
      let cancelled = try await bench.rows(2, of: "cancel-running")
      let victim = AttemptID(try #require(cancelled[0].tick.job))
      try await bench.bench.journal.wait(for: "terminate \(victim)")
      #expect(cancelled[1].state == .blocked)
      // What waits goes on when the earlier ones have ended.
      try await bench.bench.end(AttemptID(first))
      try await bench.bench.end(victim, .killed)
      for row in [queued[1], cancelled[1]] {
        try await bench.bench.journal.wait(for: "launch \(try #require(row.tick.job)).1")
      }
    }
  }

  @Test(
    "a job that is refused leaves a row that says why, once told to the operator, and later ones are made")
  func refusedJob() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", Self.everyMinute)
      try await bench.bench.use([Sample.plugin("others", handlers: [Handler(name: "other", summary: "")])])
      try await bench.turn(to: 60, rows: 1, of: "tick")
      try await bench.turn(to: 120, rows: 2, of: "tick")
      let rows = try await bench.rows(2, of: "tick")
      #expect(rows.map(\.tick.fate) == [.failedToSubmit, .failedToSubmit])
      #expect(rows[0].tick.note == "there is no handler `work`" && rows[0].tick.job == nil)
      let told = await bench.engine.status().notices.filter { $0.text.contains("`tick`") }
      #expect(told.count == 1)
      #expect(try await bench.engine.schedule(named: "tick").schedule.runs == 0)
      try await bench.bench.use([Bench.tools])
      try await bench.turn(to: 180, rows: 3, of: "tick")
      #expect(try await bench.fates(3, of: "tick").last == .ran)
    }
  }

  @Test("what a runner missed while it was down has its rows, and its last time a job")
  func downtime() async throws {
    let record = MemoryJobStore()
    let first = ScheduleBench(record: record)
    try await first.bench.run {
      for policy in ["none", "latest", "all"] {
        try await first.add(
          policy, ["every": .string("1m"), "catch_up": .string(policy), "overlap": .string("allow")])
      }
      first.bench.clock.advance(by: .seconds(60))
      for policy in ["none", "latest", "all"] { try await first.rows(1, of: policy) }
    }
    let second = ScheduleBench(at: 255, record: record)
    try await second.bench.run {
      let fates: [String: [Fate]] = [
        "none": [.ran, .missedDown, .missedDown, .missedDown],
        "latest": [.ran, .missedDown, .missedDown, .caughtUp],
        "all": [.ran, .caughtUp, .caughtUp, .caughtUp],
      ]
      for (policy, expected) in fates {
        let found = try await second.fates(4, of: policy)
        #expect(found == expected, "\(policy)")
      }
    }
  }

  @Test("while the record can't be written nothing is claimed; then it is late, and once")
  func fullDisk() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", Self.everyMinute)
      bench.bench.store.fill()
      bench.bench.clock.advance(by: .seconds(60))
      try await bench.bench.journal.wait { $0.contains { $0.hasPrefix("failed claim") } }
      try await bench.bench.settled()
      bench.bench.store.fill(false)
      bench.bench.clock.advance(by: .seconds(30))
      #expect(try await bench.fates(1, of: "tick") == [.late])
    }
  }

  @Test("a claim whose answer is lost is not made a second time")
  func torn() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", Self.everyMinute)
      bench.bench.store.fail { $0 == "claim" ? .isTorn(.diskFull) : nil }
      bench.bench.clock.advance(by: .seconds(60))
      try await bench.bench.journal.wait { $0.contains { $0.hasPrefix("torn claim") } }
      try await bench.bench.settled()
      bench.bench.store.fail(by: nil)
      bench.bench.clock.advance(by: .seconds(30))
      try await bench.turn(to: 120, rows: 2, of: "tick")
      let jobs = try await bench.bench.store.jobs(matching: JobFilter())
      #expect(jobs.count <= 2)
      #expect(try await bench.rows(2, of: "tick").first?.tick.fate == .ran)
    }
  }

  @Test("a clock that is set forward makes the last time late; set back, nothing runs twice")
  func steps() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", ["cron": .string("0 * * * *"), "overlap": .string("allow")])
      bench.wall.step(by: .seconds(3 * 3600 + 60))
      #expect(try await bench.fates(3, of: "tick") == [.missedDown, .missedDown, .late])
      let told = await bench.engine.status().notices.map(\.text)
      #expect(told.contains { $0.hasPrefix("the wall clock was set forward by 3 h") })
      bench.wall.step(by: .seconds(-2 * 3600))
      bench.bench.clock.advance(by: .seconds(2 * 3600 - 120))
      try await bench.bench.settle()
      #expect(try await bench.fates(3, of: "tick").count == 3)
      bench.bench.clock.advance(by: .seconds(3600 + 60))
      let fates = try await bench.fates(4, of: "tick")
      #expect(fates.last == .ran)
    }
  }

  @Test("a paused schedule has rows that say so, and goes on when it is resumed")
  func pause() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", Self.everyMinute)
      #expect(try await bench.engine.pause("tick", true).schedule.paused == Sample.time(0))
      try await bench.turn(to: 60, rows: 1, of: "tick")
      _ = try await bench.engine.pause("tick", false)
      try await bench.turn(to: 120, rows: 2, of: "tick")
      #expect(try await bench.fates(2, of: "tick") == [.skippedPaused, .ran])
    }
  }

  @Test("a draining runner claims nothing")
  func draining() async throws {
    let bench = ScheduleBench()
    try await bench.bench.run {
      try await bench.add("tick", Self.everyMinute)
      _ = await bench.engine.drain(atMost: .zero)
      while await !bench.engine.status().draining { await Task.yield() }
      bench.bench.clock.advance(by: .seconds(60))
      try await bench.bench.settled()
      #expect(try await bench.rows(0, of: "tick").isEmpty)
    }
  }
}

extension Sequence {
  /// Returns what an asynchronous function makes of each element, in order.
  fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await transform(element)) }
    return values
  }
}
