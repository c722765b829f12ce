import MillraceCore
package import MillraceEngine

/// What any `TransitionStore` must do. Each clause wants an empty store.
package struct TransitionStoreContract: Sendable, CustomStringConvertible {
  package typealias Store = RecordStore & ScheduleStore

  /// The clause as a sentence.
  package let description: String
  /// Tries it on an empty store.
  package let check: @Sendable (any Store) async throws -> Void

  private init(_ description: String, _ check: @escaping @Sendable (any Store) async throws -> Void) {
    self.description = description
    self.check = check
  }

  /// All clauses.
  package static let clauses = telling + keeping

  private static let telling = [
    TransitionStoreContract("each commit is a row of what it changed, numbered without a gap") { store in
      let job = try await store.submit([Sample.plain()], at: Sample.time(1))[0]
      let attempt = Sample.attempt(job)
      try await store.commit([.starting(attempt)], at: Sample.time(2))
      try await store.commit([.running(attempt.id, at: Sample.time(3))], at: Sample.time(3))
      try await store.commit(
        [
          .frozen(attempt.id, at: Sample.time(4)), .thawed(attempt.id, at: Sample.time(4)),
          .reprioritised(job, .default), .held(job, true), .carried(job, Carryover()),
          .ended(attempt.id, Sample.fullEnd(.error), next: .retry(notBefore: Sample.time(30))),
        ], at: Sample.time(4))
      try await store.commit([.due(job), .cancelled(job, at: Sample.time(31))], at: Sample.time(31))
      let rows = try await store.transitions(after: 0, atMost: 99)
      try demandEqual(
        rows.map { $0.transitions.map(\.kind.rawValue) },
        [
          ["job.accepted"], ["job.starting", "attempt.starting"], ["job.running", "attempt.running"],
          [
            "attempt.frozen", "attempt.thawed", "job.reprioritised", "job.held", "attempt.ended",
            "job.scheduled",
          ], ["job.queued", "job.cancelled"],
        ])
      try demandEqual(rows.map(\.first), [1, 2, 4, 6, 12])
      try demandEqual(rows.map(\.time), [1, 2, 3, 4, 31].map { Sample.time($0) })
      try demandEqual(try await store.transitionNumbers(), 1...13)
      let all = rows.flatMap(\.transitions)
      try demand(all.allSatisfy { $0.job == job && $0.handler == "noop" }, "\(all)")
      try demandEqual(all[9].details, ["outcome": .string("error"), "exit_code": .integer(7)])
      try demandEqual(all[10].time, Sample.time(30))
      try demandEqual(all[12].details, ["reason": .string("cancelled")])
    },
    TransitionStoreContract("what is told at once is what is on record, of everything that writes") { store in
      try demandEqual(store.live.last, 0)
      let added = try await store.change(
        .add(try Sample.definition(), file: nil, created: Sample.time(0)), at: Sample.time(1))
      guard let schedule = added else { throw TestFailure("no schedule") }
      _ = try await store.claim(
        [Sample.claim(5, of: schedule), Sample.claim(6, of: schedule, .missedDown)], at: Sample.time(6))
      _ = try await store.change(.pause(schedule.id, since: Sample.time(7)), at: Sample.time(7))
      _ = try await store.change(.pause(schedule.id, since: nil), at: Sample.time(8))
      _ = try await store.change(.remove(schedule.id, at: Sample.time(9)), at: Sample.time(9))
      try await store.commit(
        [
          .memo(Memo(.setting, "queue.policy", .string("fcfs"))), .memo(Memo(.boot, "id", .string("x"))),
          .memo(
            Memo(.pause, "handler noop", .object(["by": .string("root"), "state": .string("paused")]))),
          .memo(Memo(.pause, "runner", nil)), .memo(Memo(.breaker, "noop", nil)),
          .told(Transition(.pressureChanged, details: ["level": .string("critical")])),
        ], at: Sample.time(10))
      let rows = try await store.transitions(after: 0, atMost: 99)
      let name = schedule.definition.name
      try demandEqual(
        rows.flatMap(\.transitions).map { "\($0.kind.rawValue) \($0.details["schedule"]?.string ?? "")" },
        [
          "schedule.added \(name)", "job.accepted ", "schedule.decided \(name)", "schedule.decided \(name)",
          "schedule.paused \(name)", "schedule.resumed \(name)", "schedule.removed \(name)",
          "setting.changed ", "handler.activity ", "runner.activity ", "handler.breaker ",
          "pressure.changed ",
        ])
      try demandEqual(store.live.rows(after: 0), rows)
      try demandEqual(rows[1].transitions.map(\.job), [JobID(1), JobID(1), nil])
      try demandEqual(rows[1].transitions.last?.time, Sample.time(6))
    },
    TransitionStoreContract("what is not committed is not told, and takes no number") { store in
      let job = try await store.submit([Sample.plain()], at: Sample.time(1))[0]
      try await demandRefusal {
        try await store.commit([
          .held(job, true), .running(AttemptID(job: job, number: 1), at: Sample.time(2)),
        ])
      }
      try demandEqual(store.live.last, 1)
      try await store.commit([.held(job, true)], at: Sample.time(3))
      try await store.commit([.memo(Memo(.boot, "id", .string("x")))])
      try demandEqual(try await store.transitions(after: 1, atMost: 9).map(\.last), [2])
      try demandEqual(store.live.last, 2)
    },
    TransitionStoreContract("a submission that has its job already is not told") { store in
      var keyed = Sample.plain()
      keyed.key = JobKey("once")
      let first = try await store.accept([keyed, keyed], at: Sample.time(1))
      try demandEqual(first.map(\.isNew), [true, false])
      try demandEqual(
        try await store.transitions(after: 0, atMost: 9).flatMap(\.transitions).map(\.job), [first[0].job])
    },
  ]

  private static let keeping = [
    TransitionStoreContract("a large commit has several rows, and can be read from the middle of one") {
      store in
      _ = try await store.submit(Array(repeating: Sample.plain(), count: 1200), at: Sample.time(1))
      let rows = try await store.transitions(after: 0, atMost: 99)
      try demandEqual(rows.map(\.last), [500, 1000, 1200])
      try demandEqual(try await store.transitions(after: 700, atMost: 1).map(\.first), [501])
      try demandEqual(try await store.transitions(after: 1200, atMost: 9), [])
    },
    TransitionStoreContract("the old go, the newest stays, and no number comes twice") { store in
      let job = try await store.submit([Sample.plain()], at: Sample.time(1))[0]
      try demandEqual(try await store.firstOldTransition(), nil)
      for second: Int64 in 2...9 {
        try await store.commit([.held(job, second % 2 == 0)], at: Sample.time(second))
      }
      try demandEqual(try await store.firstOldTransition(), Sample.time(1))
      let choice = OldTransitions(before: Sample.time(5))
      try demandEqual(try await store.count(choice), 4)
      try demandEqual(try await store.delete(choice, atMost: 3).count, 3)
      try demandEqual(try await store.delete(choice, atMost: 3).last, Sample.time(4))
      try demandEqual(try await store.delete(choice, atMost: 3), RowDeletion())
      try demandEqual(try await store.transitionNumbers(), 5...9)
      try demandEqual(try await store.delete(OldTransitions(before: Sample.time(99)), atMost: 99).count, 4)
      try demandEqual(try await store.transitionNumbers(), 9...9)
      try await store.commit([.held(job, true)], at: Sample.time(10))
      try demandEqual(try await store.transitions(after: 9, atMost: 9).map(\.first), [10])
    },
  ]
}
