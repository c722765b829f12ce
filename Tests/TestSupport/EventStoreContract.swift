import MillraceCore
package import MillraceEngine

/// What any `EventStore` must do. Each clause wants an empty store.
package struct EventStoreContract: Sendable, CustomStringConvertible {
  package typealias Store = EventStore & RecordStore & ScheduleStore

  /// The clause as a sentence.
  package let description: String
  /// Tries it on an empty store.
  package let check: @Sendable (any Store) async throws -> Void

  init(_ description: String, _ check: @escaping @Sendable (any Store) async throws -> Void) {
    self.description = description
    self.check = check
  }

  /// All clauses.
  package static let clauses = intake + outcomes + ends + goings

  private static let intake = [
    EventStoreContract("an event comes back as it was taken in, with everything that it has") { store in
      let plain = Sample.event("plain")
      var (null, binary, empty) = (plain, plain, plain)
      (null.id, null.data) = ("null", .null)
      (binary.id, binary.dataBase64, binary.dataContentType) = ("binary", "AAEC", "image/png")
      (empty.id, empty.data) = ("empty", .object([:]))
      let events = [Sample.fullEvent(), plain, null, binary, empty]
      let accepted = try await store.accept(events, at: Sample.time(5))
      let records = zip(events, accepted).map { event, acceptance in
        EventRecord(number: acceptance.number, event: event, received: Sample.time(5))
      }
      try demandEqual(try await store.openEvents(atMost: 9), records)
      for record in records {
        try demandEqual(
          try await store.event(record.number), EventRow(record: record, isOpen: true, effects: []))
      }
      try demandEqual(try await store.event(EventNumber(77)), nil)
      try demand(try await store.accept([CloudEvent](), at: Sample.time(6)).isEmpty, "no events")
    },
    EventStoreContract("one whose source and id are known is the same one, whatever else it says") { store in
      var other = Sample.event("1")
      other.data = .integer(2)
      let first = try await store.accept([Sample.event("1"), Sample.event("2"), other], at: Sample.time(5))
      try demandEqual(first.map(\.isNew), [true, true, false])
      try demand(first[0].number < first[1].number && first[2].number == first[0].number, "\(first)")
      let again = EventAcceptance(number: first[0].number, isNew: false)
      try demandEqual(try await store.accept([other], at: Sample.time(6)), [again])
      try await store.settle([first[0].number])
      try demandEqual(try await store.accept([other], at: Sample.time(7)), [again])
      try await store.commit([.announced(other, at: Sample.time(8))])
      try demandEqual(try await store.openEvents(atMost: 9).map(\.number), [first[1].number])
      let row = try await store.event(first[0].number)
      try demandEqual(row?.record.event, Sample.event("1"))
      try demandEqual(row?.record.received, Sample.time(5))
      let elsewhere = try await store.accept([Sample.event("1", source: "/door")], at: Sample.time(9))[0]
      try demand(elsewhere.isNew && elsewhere.number > first[1].number, "another source")
    },
    EventStoreContract("open events are told in the order in which they came, whatever the clock said") {
      store in
      var numbers: [EventNumber] = []
      for second: Int64 in [30, 10, 20] {
        let events = (0..<2).map { Sample.event("\(second)-\($0)") }
        numbers += try await store.accept(events, at: Sample.time(second)).map(\.number)
      }
      try demandEqual(numbers, numbers.sorted())
      try demandEqual(try await store.openEvents(atMost: 4).map(\.number), Array(numbers.prefix(4)))
      try demandEqual(try await store.openEventCount(), 6)
      try await store.settle([numbers[0], numbers[3]])
      try demandEqual(
        try await store.openEvents(atMost: 9).map(\.number), [numbers[1], numbers[2], numbers[4], numbers[5]])
      try demandEqual(try await store.openEventCount(), 4)
      try demandEqual(try await store.event(numbers[3])?.isOpen, false)
    },
    EventStoreContract("lists have the events that fit, the newest first") { store in
      let types = ["upload.finished", "upload.failed", "upload", "uploads.x", "door.open", "upload.finished"]
      let events = types.enumerated().flatMap { index, type in
        ["/a", "/b"].map { Sample.event("\(index)", type: type, source: $0) }
      }
      let numbers = try await store.accept(events, at: Sample.time(1)).map(\.number)
      for text in [nil, "*", "upload.*", "upload*", "*.*", "*d", "upload.finished", "nothing", "no*"] {
        let pattern = text.flatMap { NamePattern(text: $0) }
        for source in [nil, "/a", "/c"] {
          for (before, limit) in [(nil, 100), (nil, 2), (numbers[7], 3)] as [(EventNumber?, Int)] {
            var query = EventQuery(limit: limit)
            (query.type, query.source, query.before) = (pattern, source, before)
            let expected = zip(numbers, events).reversed().filter { number, event in
              pattern?.matches(event.type) ?? true && source.map { $0 == event.source } ?? true
                && before.map { number < $0 } ?? true
            }.prefix(limit)
            try demandEqual(
              try await store.events(matching: query).map(\.record.number), expected.map(\.0))
          }
        }
      }
      for limit in [0, 10_001] {
        try await demandRefusal { _ = try await store.events(matching: EventQuery(limit: limit)) }
      }
    },
    EventStoreContract("it rings when events are taken in") { store in
      var bell = store.activity.makeAsyncIterator()
      _ = try await store.accept([Sample.event("1")], at: Sample.time(5))
      try demand(await bell.next() != nil, "taken in")
    },
  ]
}

extension ScheduleStore {
  /// Writes what is decided about events.
  func settle(
    _ settled: [EventNumber], gathering gathered: [(schedule: ScheduleID, event: EventNumber)] = [],
    claiming claims: [Claim] = []
  ) async throws {
    var settlement = EventSettlement()
    (settlement.settled, settlement.gathered) = (settled, gathered)
    _ = try await claim(claims, settling: settlement, at: Sample.time(50))
  }
}

extension EventStore {
  /// Takes in so many events with the ids `1`, `2` and so on, a second apart.
  func acceptEvents(_ count: Int64, from second: Int64 = 1) async throws -> [EventNumber] {
    var numbers: [EventNumber] = []
    for index in 0..<count {
      numbers += try await accept([Sample.event("\(second + index)")], at: Sample.time(second + index)).map(
        \.number)
    }
    return numbers
  }

  /// What schedules made of an event.
  func effects(of event: EventNumber) async throws -> [EventRow.Effect]? {
    try await self.event(event)?.effects
  }
}
