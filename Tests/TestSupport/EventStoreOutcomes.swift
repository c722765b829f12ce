import MillraceCore
import MillraceEngine

/// The clauses about what schedules make of events.
extension EventStoreContract {
  static let outcomes = [
    EventStoreContract("jobs, their rows and what is decided about events are one transaction") { store in
      let alone = try await store.add(try Sample.listener("alone"))
      let together = try await store.add(try Sample.listener("together", ["debounce": .string("5s")]))
      let events = try await store.acceptEvents(2)
      var claims = [Sample.claim(1, of: alone), Sample.claim(2, of: alone, .skippedLoop)]
      (claims[0].events, claims[1].events) = ([events[0]], [events[1]])
      try await store.settle(
        events, gathering: [(together.id, events[0]), (together.id, events[1])], claiming: claims)
      try demandEqual(try await store.openEventCount(), 0)
      let gathered = EventRow.Effect(schedule: "together")
      try demandEqual(
        try await store.effects(of: events[0]),
        [EventRow.Effect(schedule: "alone", nominal: Sample.time(1), fate: .ran, job: JobID(1)), gathered])
      try demandEqual(
        try await store.events(matching: EventQuery()).first?.effects,
        [EventRow.Effect(schedule: "alone", nominal: Sample.time(2), fate: .skippedLoop), gathered])
      try demandEqual(try await store.gatheredEvents(of: together.id).map(\.number), events)
      try demandEqual(try await store.tallies(of: [alone.id])[alone.id]?.fates, [.ran: 1, .skippedLoop: 1])
    },
    EventStoreContract("of what fails nothing is written") { store in
      let schedule = try await store.add(try Sample.listener())
      let events = try await store.acceptEvents(2)
      var good = Sample.claim(1, of: schedule)
      good.events = [events[0]]
      var (bad, unknown) = (Sample.claim(2, of: schedule), Sample.claim(2, of: schedule))
      bad.submission = Sample.plain(labels: ["": "no key"])
      unknown.events = [EventNumber(77)]
      let gathered = [(schedule: schedule.id, event: events[1])]
      let lost = [(schedule: schedule.id, event: EventNumber(77))]
      for (settled, gathered, claims) in [
        (events, gathered, [good, bad]), (events, gathered, [good, unknown]),
        (events + [EventNumber(77)], gathered, [good]), (events, lost, [good]),
      ] {
        try await demandRefusal {
          try await store.settle(settled, gathering: gathered, claiming: claims)
        }
        try demandEqual(try await store.openEvents(atMost: 9).map(\.number), events)
        try demandEqual(try await store.events(matching: EventQuery()).flatMap(\.effects), [])
        try demandEqual(try await store.gatherings(), [:])
        try demand(try await store.jobs(matching: JobFilter()).isEmpty, "no job is left")
        try demandEqual(try await store.nominals(of: schedule), [])
      }
    },
    EventStoreContract("events of a time that is taken are not lost: they came to its row") { store in
      let schedule = try await store.add(try Sample.listener())
      let events = try await store.acceptEvents(3)
      var claim = Sample.claim(1, of: schedule)
      claim.events = [events[0]]
      try await store.settle([events[0]], claiming: [claim])
      try await store.settle([events[2]], gathering: [(schedule.id, events[2])])
      claim.events = [events[1], events[2]]
      var settlement = EventSettlement()
      settlement.settled = [events[1]]
      try demandEqual(
        try await store.claim([claim], settling: settlement, at: Sample.time(50)), [.taken])
      let effect = EventRow.Effect(
        schedule: "import", nominal: Sample.time(1), fate: .ran, job: JobID(1))
      for event in events { try demandEqual(try await store.effects(of: event), [effect]) }
      try demandEqual(try await store.openEventCount(), 0)
      try demandEqual(try await store.gatherings(), [:])
      try demandEqual(try await store.jobs(matching: JobFilter()).count, 1)
    },
    EventStoreContract("what schedules gather is theirs until it has its row, and then no more") { store in
      let first = try await store.add(try Sample.listener("first", ["debounce": .string("5s")]))
      let second = try await store.add(try Sample.listener("second", ["debounce": .string("5s")]))
      let idle = try await store.add(try Sample.listener("idle", ["debounce": .string("5s")]))
      let events = try await store.acceptEvents(4)
      try await store.settle(
        Array(events[0...2]),
        gathering: [(first.id, events[2]), (first.id, events[0]), (second.id, events[1])])
      try demandEqual(
        try await store.gatherings(),
        [
          first.id: GatheredEvents(count: 2, first: Sample.time(1), last: Sample.time(3)),
          second.id: GatheredEvents(count: 1, first: Sample.time(2), last: Sample.time(2)),
        ])
      try demandEqual(
        try await store.gatheredEvents(of: first.id).map(\.event), [Sample.event("1"), Sample.event("3")])
      try demandEqual(try await store.gatheredEvents(of: idle.id), [])
      var claim = Sample.claim(3, of: first)
      claim.events = [events[0], events[2]]
      try await store.settle([], claiming: [claim])
      try demandEqual(try await store.gatherings().keys.sorted(), [second.id])
      try demandEqual(try await store.gatheredEvents(of: first.id), [])
      try demandEqual(try await store.effects(of: events[2])?.map(\.nominal), [Sample.time(3)])
      // What is decided is not gathered again.
      try await store.settle([], gathering: [(first.id, events[2]), (second.id, events[1])])
      try demandEqual(try await store.gatheredEvents(of: first.id), [])
      try demandEqual(try await store.gatheredEvents(of: second.id).map(\.number), [events[1]])
    },
    EventStoreContract("a schedule that goes, or waits for no event any more, gathers nothing") { store in
      let members: [String: JSONValue] = ["debounce": .string("5s")]
      var schedules: [Schedule] = []
      for name in ["gone", "hourly", "other", "untouched"] {
        schedules.append(try await store.add(try Sample.listener(name, members)))
      }
      let event = try await store.acceptEvents(1)[0]
      var claim = Sample.claim(1, of: schedules[0])
      claim.events = [event]
      try await store.settle(
        [event], gathering: schedules.dropFirst().map { ($0.id, event) }, claiming: [claim])
      let later = try await store.acceptEvents(1, from: 2)[0]
      try await store.settle([later], gathering: schedules.map { ($0.id, later) })
      _ = try await store.change(.remove(schedules[0].id, at: Sample.time(9)))
      _ = try await store.change(
        .replace(schedules[1].id, try Sample.definition("hourly"), file: nil, decided: Sample.time(9)))
      let other = try Sample.listener("other", ["event": .string("door.*"), "debounce": .string("9s")])
      _ = try await store.change(.replace(schedules[2].id, other, file: nil, decided: Sample.time(9)))
      try demandEqual(try await store.gatherings().keys.sorted(), schedules.suffix(2).map(\.id))
      try demandEqual(
        try await schedules.asyncMap { try await store.gatheredEvents(of: $0.id).count }, [0, 0, 2, 2])
      try demandEqual(try await store.effects(of: event)?.map(\.schedule), ["gone", "other", "untouched"])
      try demandEqual(try await store.effects(of: later)?.map(\.schedule), ["other", "untouched"])
    },
  ]
}

extension Array {
  fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await body(element)) }
    return values
  }
}
