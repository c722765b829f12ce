import MillraceCore
import MillraceZones
import TestSupport
import Testing

@testable import MillraceEngine
@testable import MillraceStore

@Suite("A runner over nights in which clocks change", .timeLimit(.minutes(2)))
struct DaylightNightTests {
  /// The schedules of a night by name, with the rows that each must have.
  private static func expected(_ night: DaylightNight) -> [String: (members: [String: JSONValue], [String])] {
    func cron(_ text: String, _ gap: String, _ repeated: String) -> [String: JSONValue] {
      ["cron": .string(text), "dst_gap": .string(gap), "dst_repeat": .string(repeated)]
    }
    var all: [String: (members: [String: JSONValue], [String])] = [
      "every": (["every": .string("25m")], night.every),
      "usual": (["cron": .string("30 2 * * *")], night.fixed["30 2 * * *"]?.runOnce ?? []),
    ]
    for (gap, repeated) in [("run", "once"), ("run", "both"), ("skip", "once"), ("skip", "both")] {
      all["star-\(gap)-\(repeated)"] = (cron("*/20 * * * *", gap, repeated), night.star)
    }
    for (text, rows) in night.fixed {
      let name = "fixed-" + text.prefix { $0 != "*" }.filter(\.isNumber)
      all["\(name)-run-once"] = (cron(text, "run", "once"), rows.runOnce)
      all["\(name)-run-both"] = (cron(text, "run", "both"), rows.runBoth)
      all["\(name)-skip-once"] = (cron(text, "skip", "once"), rows.skipOnce)
      all["\(name)-skip-both"] = (cron(text, "skip", "both"), rows.skipBoth)
    }
    return all
  }

  private static func time(_ text: some StringProtocol) throws -> Timestamp {
    try #require(WrittenTime(text: String(text))).time(in: .utc)
  }

  /// When a row is due: `2026-03-29T03:00:00+02:00 ran`.
  private static func time(ofRow row: String) throws -> Timestamp { try time(row.prefix { $0 != " " }) }

  @Test("the runner wakes for each time, and what became of it is on record", arguments: DaylightNight.all)
  func night(_ night: DaylightNight) async throws {
    let expected = Self.expected(night)
    let rules = try ZoneDirectory().zone(night.zone).rules
    try await withDirectory { directory in
      let runner = try RunnerOnDisk(
        directory: directory, slots: 1, at: try Self.time(night.from),
        source: FakeScheduleSource(zones: [night.zone: rules]))
      let task = Task { try await runner.engine.run() }
      runner.engine.put(.catalog(Catalog(plugins: [RunnerOnDisk.tools], refused: [])))
      await runner.barrier()
      for (name, schedule) in expected {
        var members = schedule.members
        members["timezone"] = .string(night.zone)
        members["overlap"] = .string("allow")
        members["job"] = .object(["handler": .string("work")])
        _ = try await runner.engine.add(try Sample.definition(name, members))
      }
      let rows = expected.values.flatMap(\.1)
      for time in Set(try rows.map(Self.time(ofRow:))).sorted() {
        try await runner.clock.sleeper(until: time)
        runner.clock.advance(by: time - runner.clock.now())
        try await runner.ticks(rows.count { try Self.time(ofRow: $0) <= time })
      }
      try await runner.passTime(try Self.time(night.through) - runner.clock.now())
      for (name, schedule) in expected {
        let ticks = try await runner.ticks(of: name)
        #expect(ticks.map { "\($0.local) \($0.fate.rawValue)" } == schedule.1, "\(name)")
        for tick in ticks {
          #expect(try tick.nominal == Self.time(tick.local) && tick.decided == tick.nominal, "\(name)")
          let job = try await runner.store.job(tick.job ?? JobID(0))
          #expect(job?.submission.labels["schedule"] == (tick.fate.hasJob ? name : nil), "\(name)")
        }
      }
      await runner.engine.stop()
      try await task.value
      try runner.store.close()
    }
  }
}

extension RunnerOnDisk {
  /// Returns when so many nominal times are on record.
  fileprivate func ticks(_ count: Int) async throws {
    while true {
      let schedules = try await store.schedules().map(\.id)
      let fates = try await store.tallies(of: schedules).values.flatMap(\.fates.values)
      if fates.reduce(0, +) >= count { return }
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  /// The nominal times of a schedule on record, in order.
  fileprivate func ticks(of name: String) async throws -> [Tick] {
    let schedule = try await engine.schedule(named: name).schedule
    return try await store.ticks(matching: TickFilter(schedule: schedule.id)).reversed().map(\.tick)
  }
}
