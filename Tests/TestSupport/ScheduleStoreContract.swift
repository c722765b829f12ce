import MillraceCore
package import MillraceEngine

/// What any `ScheduleStore` must do. Each clause wants an empty store.
package struct ScheduleStoreContract: Sendable, CustomStringConvertible {
  package typealias Store = RecordStore & ScheduleStore

  /// The clause as a sentence.
  package let description: String
  /// Tries it on an empty store.
  package let check: @Sendable (any Store) async throws -> Void

  init(_ description: String, _ check: @escaping @Sendable (any Store) async throws -> Void) {
    self.description = description
    self.check = check
  }

  /// All clauses.
  package static let clauses = changes + claims + questions + pruning

  private static let changes = [
    ScheduleStoreContract("a schedule comes back as it was written, and schedules are listed by name") {
      store in
      let written = try Sample.definition(
        "nightly",
        [
          "every": .string("90s"), "jitter": .string("30s"), "max_runs": .integer(7),
          "job": .object([
            "handler": .string("noop"), "parameters": .object(["day": .string("{{nominal_date}}")]),
          ]),
        ])
      // The record keeps what was written, not where in a text that was.
      let placed = try ScheduleDefinition(PlacedValue(written.source, at: TextPlace(line: 3, column: 7)))
      let nightly = try await store.add(placed, file: "/etc/ä b.yaml")
      let expected = Schedule(id: nightly.id, written, file: "/etc/ä b.yaml", created: Sample.time(0))
      try demandEqual(nightly, expected)
      let early = try await store.add(try Sample.definition("early"))
      try demand(early.id > nightly.id && early.file == nil, "a number of its own")
      try demandEqual(try await store.schedules(), [early, nightly])
    },
    ScheduleStoreContract("a name that is taken is refused, also to a schedule that has another one") {
      store in
      let first = try await store.add(try Sample.definition("first"))
      let second = try await store.add(try Sample.definition("second"))
      try await demandRefusal { _ = try await store.add(try Sample.definition("first")) }
      try await demandRefusal {
        _ = try await store.change(
          .replace(second.id, try Sample.definition("first"), file: nil, decided: Sample.time(1)))
      }
      try demandEqual(try await store.schedules(), [first, second])
    },
    ScheduleStoreContract("another definition leaves rows, runs and what was put off as they are") { store in
      let schedule = try await store.add(try Sample.definition("old"))
      var claim = Sample.claim(3600, of: schedule)
      claim.schedule.postponed = [Sample.time(9000), Sample.time(9001)]
      _ = try await store.claim([claim], at: Sample.time(3600))
      let definition = try Sample.definition("new", ["every": .string("2h")])
      let replaced = try await store.change(
        .replace(schedule.id, definition, file: "new.yaml", decided: Sample.time(5000)))
      var expected = claim.schedule
      (expected.definition, expected.file) = (definition, "new.yaml")
      expected.decided = Sample.time(5000)
      try demandEqual(replaced, expected)
      try demandEqual(try await store.schedules(), [expected])
      try demandEqual(try await store.nominals(of: schedule), [3600])
    },
    ScheduleStoreContract("a schedule is paused, and no longer") { store in
      let schedule = try await store.add(try Sample.definition())
      let paused = try await store.change(.pause(schedule.id, since: Sample.time(8)))
      try demandEqual(paused?.paused, Sample.time(8))
      try demandEqual(try await store.schedules(), [paused])
      let resumed = try await store.change(.pause(schedule.id, since: nil))
      try demandEqual(resumed, schedule)
      try demandEqual(try await store.schedules(), [schedule])
    },
    ScheduleStoreContract(
      "the name of a removed schedule is free, its rows stay and its number is not given again"
    ) {
      store in
      let first = try await store.add(try Sample.definition())
      _ = try await store.claim([Sample.claim(5, of: first)], at: Sample.time(5))
      try demand(try await store.change(.remove(first.id, at: Sample.time(6))) == nil)
      try demand(try await store.schedules().isEmpty)
      let second = try await store.add(try Sample.definition())
      try demand(try await store.change(.remove(second.id, at: Sample.time(6))) == nil)
      let third = try await store.add(try Sample.definition())
      try demand(first.id < second.id && second.id < third.id, "the numbers ascend")
      try demandEqual(try await store.nominals(of: first), [5])
      try demandEqual(try await store.nominals(of: third), [])
      try demandEqual(try await store.tallies(of: [first.id])[first.id]?.fates, [.ran: 1])
    },
    ScheduleStoreContract("what is not there, or no longer, can't be changed") { store in
      let removed = try await store.add(try Sample.definition())
      _ = try await store.claim([Sample.claim(5, of: removed)], at: Sample.time(5))
      _ = try await store.change(.remove(removed.id, at: Sample.time(1)))
      for id in [removed.id, ScheduleID(77)] {
        let definition = try Sample.definition("other")
        for change: ScheduleChange in [
          .pause(id, since: Sample.time(1)), .remove(id, at: Sample.time(1)),
          .replace(id, definition, file: nil, decided: Sample.time(1)),
        ] {
          try await demandRefusal { _ = try await store.change(change) }
        }
      }
    },
  ]
}

extension ScheduleStore {
  /// Adds a schedule at `Sample.time(0)`.
  func add(_ definition: ScheduleDefinition, file: String? = nil) async throws -> Schedule {
    let added = try await change(.add(definition, file: file, created: Sample.time(0)))
    guard let added else { throw ContractViolation(description: "a schedule was added, but is not there") }
    return added
  }

  /// The nominal times of a schedule that have rows, as seconds after `Sample.time(0)`, the newest first.
  func nominals(of schedule: Schedule, _ change: (inout TickFilter) -> Void = { _ in }) async throws
    -> [Int64]
  {
    var filter = TickFilter(schedule: schedule.id)
    change(&filter)
    return try await ticks(matching: filter).map {
      ($0.tick.nominal - Sample.time(0)).microseconds / 1_000_000
    }
  }
}
