import MillraceCore
import MillraceEngine

/// The clauses about changes of state.
extension JobStoreContract {
  static let transitions = [
    JobStoreContract("an attempt keeps everything from its start to its end") { store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      var attempt = Sample.attempt(id)
      try await store.commit([.starting(attempt)])
      try demandEqual(try await store.attempts(of: id), [attempt])
      try demand(try await store.job(id)?.state == .starting, "starting")
      try await store.commit([.running(attempt.id, at: Sample.time(12))])
      attempt.started = Sample.time(12)
      try demandEqual(try await store.attempts(of: id), [attempt])
      try demand(try await store.job(id)?.state == .running, "running")

      let end = Sample.fullEnd(.succeeded)
      try await store.commit([.ended(attempt.id, end, next: .done(.succeeded))])
      attempt.end = end
      attempt.end?.result = nil
      try demandEqual(try await store.attempts(of: id), [attempt])
      try demandEqual(try await store.result(of: id), end.result)
      let job = try await store.job(id)
      try demand(job?.state == .succeeded && job?.ended == end.ended, "the end of the job")
      try demand(job?.attempts == 1 && job?.attemptsUsed == 1, "its attempts")
    },
    JobStoreContract("an end without usage, exit, failure and result keeps them as nil") { store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      var attempt = Sample.attempt(id)
      attempt.limits.io = []
      attempt.end = AttemptEnd(outcome: .lost, ended: Sample.time(13))
      var open = attempt
      open.end = nil
      try await store.commit([
        .starting(open), .ended(open.id, AttemptEnd(outcome: .lost, ended: Sample.time(13)), next: .requeue),
      ])
      try demandEqual(try await store.attempts(of: id), [attempt])
      try demand(try await store.result(of: id) == nil)
      let job = try await store.job(id)
      try demand(job?.state == .queued && job?.attempts == 1 && job?.attemptsUsed == 0, "a lost attempt")
    },
    JobStoreContract("an attempt that begins and ends in one commit keeps when it began") { store in
      let ids = try await store.submit([Sample.plain(), Sample.plain()], at: Sample.time(0))
      let attempts = ids.map { Sample.attempt($0) }
      try await store.commit(attempts.map { .starting($0) })
      let end = AttemptEnd(outcome: .succeeded, ended: Sample.time(14), exit: .exited(code: 0))
      try await store.commit([
        .running(attempts[0].id, at: Sample.time(12)), .running(attempts[1].id, at: Sample.time(12)),
        .frozen(attempts[1].id, at: Sample.time(13)),
        .ended(attempts[0].id, end, next: .done(.succeeded)),
        .ended(attempts[1].id, end, next: .done(.succeeded)),
      ])
      for (id, frozen) in zip(ids, [Duration.zero, Sample.time(14) - Sample.time(13)]) {
        let attempt = try await store.attempts(of: id).first
        try demandEqual(attempt?.started, Sample.time(12))
        try demandEqual(attempt?.end, end)
        try demandEqual(attempt?.frozenTime, frozen)
        try demand(try await store.job(id)?.state == .succeeded, "succeeded")
      }
    },
    JobStoreContract("an attempt that runs already does not begin once more, not even to end") { store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      let attempt = Sample.attempt(id)
      try await store.commit([.starting(attempt), .running(attempt.id, at: Sample.time(12))])
      let end = AttemptEnd(outcome: .succeeded, ended: Sample.time(14), exit: .exited(code: 0))
      try await demandRefusal {
        try await store.commit([
          .running(attempt.id, at: Sample.time(13)), .ended(attempt.id, end, next: .done(.succeeded)),
        ])
      }
      try demand(try await store.job(id)?.state == .running, "running")
      try demandEqual(try await store.attempts(of: id).first?.started, Sample.time(12))
    },
    JobStoreContract("every outcome counts as it says, and a signal is kept") { store in
      for outcome in Outcome.allCases {
        let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
        let attempt = Sample.attempt(id)
        let end = AttemptEnd(outcome: outcome, ended: Sample.time(14), exit: .signalled(signal: 9))
        try await store.commit([
          .starting(attempt), .running(attempt.id, at: Sample.time(12)),
          .ended(attempt.id, end, next: .retry(notBefore: Sample.time(99))),
        ])
        let job = try await store.job(id)
        try demandEqual(job?.attemptsUsed, outcome.usesAttempt ? 1 : 0)
        try demand(job?.state == .scheduled && job?.notBefore == Sample.time(99) && job?.ended == nil)
        try demandEqual(try await store.attempts(of: id).first?.end, end)
      }
    },
    JobStoreContract("a job goes through a retry to its second attempt, and its last success is its result") {
      store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      let (first, second) = (Sample.attempt(id, 1), Sample.attempt(id, 2, at: 40))
      var end = Sample.fullEnd(.error)
      try await store.commit([.starting(first), .running(first.id, at: Sample.time(12))])
      try await store.commit([.ended(first.id, end, next: .retry(notBefore: Sample.time(30)))])
      try demand(try await store.result(of: id) == nil, "an error has no result")
      try await store.commit([.due(id)])
      try demand(try await store.job(id)?.notBefore == nil)
      try await store.commit([.starting(second), .running(second.id, at: Sample.time(42))])
      end.outcome = .succeeded
      end.result = JobResult(mediaType: "application/json", bytes: [])
      try await store.commit([.ended(second.id, end, next: .done(.succeeded))])
      try demandEqual(try await store.result(of: id), end.result)
      let job = try await store.job(id)
      try demand(job?.attempts == 2 && job?.attemptsUsed == 2)
      try demandEqual(try await store.attempts(of: id).map(\.id.number), [1, 2])
    },
    JobStoreContract("a waiting job can be cancelled, once") { store in
      let asked = [Sample.plain(), Sample.full(notBefore: Sample.time(50))]
      for id in try await store.submit(asked, at: Sample.time(0)) {
        try await store.commit([.cancelled(id, at: Sample.time(3))])
        let job = try await store.job(id)
        try demand(job?.state == .cancelled && job?.ended == Sample.time(3) && job?.notBefore == nil)
        try await demandRefusal { try await store.commit([.cancelled(id, at: Sample.time(4))]) }
      }
    },
    JobStoreContract("a change from any other state is refused, and the whole commit with it") { store in
      for (state, id) in try await oneJobPerState(in: store) {
        let good = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
        for (change, expected) in allChanges(of: id, attempts: try await store.job(id)?.attempts ?? 0)
        where !expected.contains(state) {
          let before = try await store.job(id)
          let attempts = try await store.attempts(of: id)
          try await demandRefusal { try await store.commit([.cancelled(good, at: Sample.time(3)), change]) }
          try demandEqual(try await store.job(id), before)
          try demandEqual(try await store.attempts(of: id), attempts)
          try demand(try await store.job(good)?.state == .queued, "the other change was taken back")
        }
      }
    },
    JobStoreContract("an attempt number is started once, and none is left out") { store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      try await demandRefusal { try await store.commit([.starting(Sample.attempt(id, 2))]) }
      let first = Sample.attempt(id)
      try await store.commit([
        .starting(first),
        .ended(first.id, AttemptEnd(outcome: .evicted, ended: Sample.time(12)), next: .requeue),
      ])
      try await demandRefusal { try await store.commit([.starting(first)]) }
      try await store.commit([.starting(Sample.attempt(id, 2))])
      try await demandRefusal {
        try await store.commit([.ended(first.id, Sample.fullEnd(.succeeded), next: .done(.succeeded))])
      }
      try await demandRefusal { try await store.commit([.running(first.id, at: Sample.time(13))]) }
    },
    JobStoreContract("an attempt does not end a job in a state that is no end") { store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      try await store.commit([.starting(Sample.attempt(id))])
      for state in JobState.allCases where !state.isFinal {
        try await demandRefusal {
          try await store.commit([
            .ended(AttemptID(job: id, number: 1), Sample.fullEnd(.error), next: .done(state))
          ])
        }
      }
      try demand(try await store.job(id)?.state == .starting)
    },
    JobStoreContract("a job that is not there is not changed") { store in
      for (change, _) in allChanges(of: JobID(5), attempts: 0) {
        try await demandRefusal { try await store.commit([change]) }
      }
    },
  ]

  /// Every change of a job, with the states that allow it.
  private static func allChanges(of id: JobID, attempts: Int) -> [(StoreChange, [JobState])] {
    let open = AttemptID(job: id, number: max(1, attempts))
    return [
      (.starting(Sample.attempt(id, attempts + 1)), [.queued]),
      (.running(open, at: Sample.time(20)), [.starting]),
      (.ended(open, Sample.fullEnd(.error), next: .requeue), [.starting, .running]),
      (.cancelled(id, at: Sample.time(20)), [.blocked, .scheduled, .queued]),
      (.due(id), [.scheduled]),
      (.frozen(open, at: Sample.time(20)), [.running]), (.thawed(open, at: Sample.time(20)), []),
      (.reprioritised(id, .default), JobState.unfinished), (.held(id, true), JobState.unfinished),
      (.unblocked(id, notBefore: nil), [.blocked]), (.carried(id, Carryover()), JobState.unfinished),
      (.cancelRequested(id, at: Sample.time(20)), JobState.unfinished),
      (.revived(id, to: .queued, terms: nil), [.failed, .cancelled]),
    ]
  }

  /// Makes a job in every state that can be reached by changes.
  static func oneJobPerState(in store: any JobStore) async throws -> [(JobState, JobID)] {
    var jobs: [(JobState, JobID)] = []
    let needed = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
    for state in JobState.allCases {
      var asked = state == .scheduled ? Sample.full(notBefore: Sample.time(90)) : Sample.plain()
      if state == .blocked { asked.after = [Dependency(.job(needed))] }
      let id = try await store.submit([asked], at: Sample.time(0))[0]
      let attempt = Sample.attempt(id)
      if state == .starting || state == .running || state == .succeeded || state == .failed {
        try await store.commit([.starting(attempt)])
      }
      if state == .running { try await store.commit([.running(attempt.id, at: Sample.time(12))]) }
      if state == .succeeded || state == .failed {
        let outcome: Outcome = state == .failed ? .error : .succeeded
        try await store.commit([.ended(attempt.id, Sample.fullEnd(outcome), next: .done(state))])
      }
      if state == .cancelled { try await store.commit([.cancelled(id, at: Sample.time(1))]) }
      try demandEqual(try await store.job(id)?.state, state)
      jobs.append((state, id))
    }
    return jobs
  }
}
