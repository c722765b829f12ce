import MillraceCore
import MillraceEngine

/// The clauses about jobs whose ends are events, and about events that go.
extension EventStoreContract {
  static let ends = [
    EventStoreContract("the end of a job is announced as it is after the changes before it, or not at all") {
      store in
      var asked = Sample.plain(labels: ["team": "a"])
      asked.group = "night"
      let ids = try await store.submit([asked, asked], at: Sample.time(0))
      let attempt = Sample.attempt(ids[0])
      try await demandRefusal {
        try await store.commit([.starting(attempt), .announcedEnd(ids[0], at: Sample.time(1))])
      }
      try demandEqual(try await store.job(ids[0])?.state, .queued)
      try await demandRefusal { try await store.commit([.announcedEnd(JobID(77), at: Sample.time(1))]) }
      try await store.commit([
        .starting(attempt), .running(attempt.id, at: Sample.time(12)),
        .ended(attempt.id, Sample.fullEnd(.error), next: .done(.failed, because: .cancelled)),
        .announcedEnd(ids[0], at: Sample.time(30)), .cancelled(ids[1], at: Sample.time(31)),
        .announcedEnd(ids[1], at: Sample.time(31)),
      ])
      let jobs = [try await store.job(ids[0]), try await store.job(ids[1])].compactMap(\.self)
      let records = try await store.openEvents(atMost: 9)
      try demandEqual(records.map(\.event), jobs.map { CloudEvent(endOf: $0) })
      try demandEqual(records.map(\.event.type), ["job.failed", "job.cancelled"])
      try demandEqual(records.map(\.received), [Sample.time(30), Sample.time(31)])
      try demandEqual(records.map(\.hops), [0, 0])
      // A job that begins anew ends another time.
      try await store.commit([.revived(ids[0], to: .queued, terms: nil)])
      try await store.commit([
        .cancelled(ids[0], at: Sample.time(40)), .announcedEnd(ids[0], at: Sample.time(40)),
      ])
      try demandEqual(try await store.openEvents(atMost: 9).map(\.event.subject), ["1", "2", "1"])
    },
    EventStoreContract("the end of a job knows how many schedules lie between it and an event from outside") {
      store in
      let schedule = try await store.add(try Sample.listener())
      _ = try await store.acceptEvents(2)
      for generation in 0..<3 {
        let open = try await store.openEvents(atMost: 9)
        try demandEqual(open.map(\.hops).max(), generation)
        var claim = Sample.claim(Int64(10 + generation), of: schedule)
        claim.events = open.map(\.number)
        // In the next generation one of the events is from outside.
        try await store.settle(claim.events, claiming: [claim])
        let job = JobID(Int64(generation + 1))
        try await store.commit([
          .cancelled(job, at: Sample.time(20)), .announcedEnd(job, at: Sample.time(20)),
        ])
        _ = try await store.acceptEvents(1, from: Int64(30 + generation))
      }
      try demandEqual(try await store.openEvents(atMost: 9).map(\.hops), [3, 0])
    },
    EventStoreContract("what else is announced is an event, once") { store in
      let event = Sample.fullEvent("once")
      try await store.commit([.announced(event, at: Sample.time(3))])
      try await store.commit([.announced(event, at: Sample.time(4)), .announced(event, at: Sample.time(5))])
      try demandEqual(
        try await store.openEvents(atMost: 9),
        [EventRecord(number: EventNumber(1), event: event, received: Sample.time(3))])
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      // What can't be written takes it along.
      try await demandRefusal {
        try await store.commit([
          .announced(Sample.event("lost"), at: Sample.time(5)), .due(id),
        ])
      }
      try demandEqual(try await store.openEventCount(), 1)
    },
  ]

  static let goings = [
    EventStoreContract("old events go that are neither open nor gathered, the first ones first, in slices") {
      store in
      let schedule = try await store.add(try Sample.listener("import", ["debounce": .string("5s")]))
      var numbers: [EventNumber] = []
      for second: Int64 in [30, 10, 20, 40, 15, 25] {
        numbers += try await store.acceptEvents(1, from: second)
      }
      var claim = Sample.claim(10, of: schedule)
      claim.events = [numbers[1]]
      // The event of second 15 stays open, that of second 25 is gathered.
      try await store.settle(
        [numbers[0], numbers[1], numbers[2], numbers[3], numbers[5]],
        gathering: [(schedule.id, numbers[5])], claiming: [claim])
      try demandEqual(try await store.firstOldEvent(), Sample.time(10))
      var old = OldEvents(before: Sample.time(40))
      try demandEqual(try await store.count(old), 3)
      let first = try await store.delete(old, atMost: 2)
      try demand(first.count == 2 && first.last == Sample.time(20), "\(first)")
      old.since = first.last
      try demandEqual(try await store.count(old), 1)
      try demandEqual(try await store.delete(old, atMost: 2).count, 1)
      try demandEqual(try await store.delete(old, atMost: 2), RowDeletion())
      try demandEqual(try await store.firstOldEvent(), Sample.time(40))
      try demandEqual(
        try await store.events(matching: EventQuery()).map(\.record.number),
        [numbers[5], numbers[4], numbers[3]])
      try demandEqual(try await store.event(numbers[1]), nil)
      try demandEqual(try await store.nominals(of: schedule), [10])
      try demandEqual(try await store.gatheredEvents(of: schedule.id).map(\.number), [numbers[5]])
      // It may come again, and is a new one then.
      let again = try await store.accept([Sample.event("10")], at: Sample.time(50))[0]
      try demand(again.isNew && again.number > numbers[5], "\(again)")
    },
    EventStoreContract("a nominal time goes with what is noted of its events, which stay") { store in
      let schedule = try await store.add(try Sample.listener())
      let events = try await store.acceptEvents(2)
      var claims = [Sample.claim(1, of: schedule, .skippedPaused), Sample.claim(2, of: schedule)]
      (claims[0].events, claims[1].events) = ([events[0]], [events[1]])
      try await store.settle(events, claiming: claims)
      _ = try await store.change(.remove(schedule.id, at: Sample.time(9)))
      try demandEqual(try await store.delete(OldTicks(before: Sample.time(99)), atMost: 9).count, 1)
      try demandEqual(try await store.effects(of: events[0]), [])
      try demandEqual(try await store.effects(of: events[1])?.map(\.job), [JobID(1)])
      try await store.commit([.cancelled(JobID(1), at: Sample.time(30))])
      try demandEqual(try await store.delete(OldTicks(before: Sample.time(99)), atMost: 9).count, 1)
      try demandEqual(try await store.events(matching: EventQuery()).map(\.effects), [[], []])
    },
  ]
}
