import MillraceCore
import MillraceEngine

/// The clauses about attempts that are stopped for a while, and about priorities.
extension JobStoreContract {
  static let freezing = [
    JobStoreContract("a frozen attempt says since when, and a thawed one for how long in all") { store in
      let id = try await runningAttempt(in: store)
      try await store.commit([.frozen(id, at: Sample.time(14))])
      let frozen = try await store.attempts(of: id.job)[0]
      try demand(frozen.frozenSince == Sample.time(14) && frozen.frozenTime == .zero)
      try demandEqual(try await store.unfinished().first?.openAttempt, frozen)
      try await store.commit([.thawed(id, at: Sample.time(17)), .frozen(id, at: Sample.time(20))])
      try await store.commit([.thawed(id, at: Sample.time(20) + .milliseconds(1500))])
      let thawed = try await store.attempts(of: id.job)[0]
      try demand(thawed.frozenSince == nil && thawed.frozenTime == .milliseconds(4500))
      try demand(try await store.job(id.job)?.state == .running)
    },
    JobStoreContract("the end of a frozen attempt is the end of its being frozen") { store in
      let id = try await runningAttempt(in: store)
      try await store.commit([
        .frozen(id, at: Sample.time(14)), .thawed(id, at: Sample.time(15)), .frozen(id, at: Sample.time(16)),
        .ended(id, Sample.fullEnd(.evicted, at: 20), next: .requeue),
      ])
      let ended = try await store.attempts(of: id.job)[0]
      try demand(ended.frozenSince == nil && ended.frozenTime == .seconds(5))
      try demandEqual(ended.end?.usage, Sample.fullEnd(.evicted).usage)
    },
    JobStoreContract("only a running attempt is frozen, once, and only a frozen one is thawed") { store in
      let job = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      let id = AttemptID(job: job, number: 1)
      let freeze = StoreChange.frozen(id, at: Sample.time(14))
      let thaw = StoreChange.thawed(id, at: Sample.time(15))
      let end = StoreChange.ended(id, Sample.fullEnd(.error), next: .requeue)
      let steps: [(StoreChange?, refused: [StoreChange])] = [
        (nil, [freeze, thaw]), (.starting(Sample.attempt(job)), [freeze, thaw]),
        (.running(id, at: Sample.time(12)), [thaw]), (freeze, [freeze]), (thaw, [thaw]),
        (end, [freeze, thaw]),
      ]
      for (step, refused) in steps {
        if let step { try await store.commit([step]) }
        for change in refused { try await demandRefusal { try await store.commit([change]) } }
      }
      try demandEqual(try await store.attempts(of: job)[0].frozenTime, .seconds(1))
    },
    JobStoreContract("a clock that was set back makes no frozen span negative") { store in
      let id = try await runningAttempt(in: store)
      try await store.commit([.frozen(id, at: Sample.time(14)), .thawed(id, at: Sample.time(13))])
      try demandEqual(try await store.attempts(of: id.job)[0].frozenTime, .zero)
      try await store.commit([
        .frozen(id, at: Sample.time(30)), .ended(id, Sample.fullEnd(.error, at: 20), next: .requeue),
      ])
      try demandEqual(try await store.attempts(of: id.job)[0].frozenTime, .zero)
    },
    JobStoreContract("a job that has not ended can have another priority, and nothing else of it changes") {
      store in
      let low = Priority(rawValue: 1) ?? .default
      for (state, id) in try await oneJobPerState(in: store) where !state.isFinal {
        var expected = try await store.job(id)
        try await store.commit([.reprioritised(id, low)])
        expected?.submission.priority = low
        try demandEqual(try await store.job(id), expected)
      }
    },
  ]

  /// Makes a job whose first attempt runs.
  private static func runningAttempt(in store: any JobStore) async throws -> AttemptID {
    let job = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
    let attempt = Sample.attempt(job)
    try await store.commit([.starting(attempt), .running(attempt.id, at: Sample.time(12))])
    return attempt.id
  }
}
