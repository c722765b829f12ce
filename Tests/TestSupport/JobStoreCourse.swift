import MillraceCore
import MillraceEngine

/// The clauses about what happens to a job while no attempt at it runs.
extension JobStoreContract {
  static let course = [
    JobStoreContract("a job that needs others is blocked until they have ended, and keeps what it needs") {
      store in
      let first = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      var second = Sample.plain()
      second.after = [Dependency(.job(first), .any, name: "fetch")]
      var third = Sample.full(notBefore: Sample.time(50))
      third.after = [Dependency(.position(0)), Dependency(.job(first), .failed)]
      let accepted = try await store.accept([second, third], at: Sample.time(1))
      try demandEqual(accepted.map(\.state), [.blocked, .blocked])
      try demandEqual(accepted[0].waitsFor, second.after)
      let resolved = [Dependency(.job(accepted[0].job)), Dependency(.job(first), .failed)]
      try demandEqual(accepted[1].waitsFor, resolved)
      let job = try await store.job(accepted[1].job)
      try demandEqual(job?.submission.after, resolved)
      try demand(job?.state == .blocked && job?.notBefore == nil, "blocked")
      try await store.commit([
        .unblocked(accepted[0].job, notBefore: nil),
        .unblocked(accepted[1].job, notBefore: Sample.time(50)),
      ])
      try demand(try await store.job(accepted[0].job)?.state == .queued, "queued")
      let due = try await store.job(accepted[1].job)
      try demand(due?.state == .scheduled && due?.notBefore == Sample.time(50), "scheduled")
    },
    JobStoreContract("jobs that ended long ago settle a dependency at once, or break it") { store in
      let ids = Dictionary(uniqueKeysWithValues: try await oneJobPerState(in: store).map { ($0.0, $0.1) })
      let ends: [JobState] = [.succeeded, .failed, .cancelled]
      for condition in Dependency.Condition.allCases {
        for state in ends {
          guard let needed = ids[state] else { continue }
          for failure in Dependency.Failure.allCases {
            var asked = Sample.plain()
            asked.after = [Dependency(.job(needed), condition)]
            asked.onDependencyFailure = failure
            let accepted = try await store.accept([asked], at: Sample.time(99))[0]
            let job = try await store.job(accepted.job)
            let isMet = condition.isMet(by: state)
            let expected: JobState = isMet ? .queued : failure == .cancel ? .cancelled : .blocked
            try demand(
              job?.state == expected && accepted.state == expected, "\(condition) \(state) \(failure)")
            try demandEqual(job?.isHeld, expected == .blocked)
            try demandEqual(
              job?.reason, expected == .cancelled ? .dependency(needed, state, neededAs: condition) : nil)
            try demandEqual(job?.ended, expected == .cancelled ? Sample.time(99) : nil)
          }
        }
      }
    },
    JobStoreContract("a batch that needs a job that is not there is refused whole") { store in
      var asked = Sample.plain()
      asked.after = [Dependency(.job(JobID(77)))]
      try await demandRefusal { [asked] in
        _ = try await store.accept([Sample.plain(), asked], at: Sample.time(0))
      }
      try demand(try await store.jobs(matching: JobFilter()).isEmpty)
    },
    JobStoreContract("a key gives the same job as long as it holds") { store in
      var asked = Sample.plain(handler: "a")
      asked.key = JobKey("nightly", scope: .handler, window: .seconds(10))
      let first = try await store.accept([asked], at: Sample.time(0))[0]
      try demand(first.isNew)
      let again = try await store.accept([asked, asked], at: Sample.time(9))
      try demandEqual(
        again, [Acceptance(job: first.job, isNew: false), Acceptance(job: first.job, isNew: false)])
      var other = asked
      other.handler = "b"
      try demand(try await store.accept([other], at: Sample.time(9))[0].isNew, "another handler")
      try demand(try await store.accept([asked], at: Sample.time(10))[0].isNew, "the window is over")
      try demandEqual(try await store.job(first.job)?.submission.key, asked.key)
    },
    JobStoreContract(
      "a key without a window holds until its job has ended, over all handlers if it is global"
    ) {
      store in
      var asked = Sample.plain(handler: "a")
      asked.key = JobKey("one", scope: .global, window: nil)
      let first = try await store.accept([asked], at: Sample.time(0))[0]
      asked.handler = "b"
      try demand(!(try await store.accept([asked], at: Sample.time(1_000_000))[0].isNew))
      try await store.commit([.cancelled(first.job, at: Sample.time(2_000_000))])
      try demand(try await store.accept([asked], at: Sample.time(2_000_001))[0].isNew)
    },
    JobStoreContract("holds, cancellations and what is carried over are kept, and the reason of an end") {
      store in
      var asked = Sample.plain()
      asked.isHeld = true
      asked.group = "backups"
      asked.step = "fetch"
      let id = try await store.submit([asked], at: Sample.time(0))[0]
      let held = try await store.job(id)
      try demand(
        held?.isHeld == true && held?.submission.group == "backups" && held?.submission.step == "fetch")
      var carryover = Carryover()
      (carryover.memory, carryover.timeout, carryover.losses) = (Bytes(5), .seconds(6), 7)
      try await store.commit([
        .held(id, false), .carried(id, carryover), .cancelRequested(id, at: Sample.time(3)),
        .cancelRequested(id, at: Sample.time(4)),
      ])
      let job = try await store.job(id)
      try demand(job?.isHeld == false && job?.carryover == carryover, "carried over")
      try demandEqual(job?.cancelRequested, Sample.time(3))
      let reason = EndReason(code: "expired", message: "it was not started in time")
      try await store.commit([.closed(id, .failed, reason, at: Sample.time(5))])
      let ended = try await store.job(id)
      try demand(ended?.state == .failed && ended?.reason == reason && ended?.ended == Sample.time(5))
    },
    JobStoreContract("a job that failed begins anew under its number, with its attempts and other terms") {
      store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      let attempt = Sample.attempt(id)
      try await store.commit([
        .starting(attempt), .ended(attempt.id, Sample.fullEnd(.error), next: .done(.failed)),
      ])
      var terms = Sample.terms
      terms.limits.memory = .mebibytes(96)
      terms.retry.factor = 3
      terms.finishWithin = .seconds(8)
      try await store.commit([.revived(id, to: .queued, terms: terms)])
      let job = try await store.job(id)
      try demand(job?.state == .queued && job?.ended == nil && job?.attempts == 1 && job?.attemptsUsed == 0)
      try demandEqual(job?.submission.terms, terms)
      try await store.commit([.starting(Sample.attempt(id, 2, at: 40))])
      try demandEqual(try await store.attempts(of: id).map(\.id.number), [1, 2])
    },
    JobStoreContract("what an attempt saved is there for the next one, until the job has ended") { store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      var end = AttemptEnd(outcome: .crashed, ended: Sample.time(13), exit: .signalled(signal: 11))
      end.checkpoint = [1, 0, 2]
      for number in 1...2 {
        let attempt = Sample.attempt(id, number)
        let next: AfterAttempt = number == 1 ? .requeue : .done(.failed)
        try await store.commit([.starting(attempt), .ended(attempt.id, end, next: next)])
        try demandEqual(try await store.payload(of: id).checkpoint, number == 1 ? [1, 0, 2] : nil)
        end.checkpoint = nil
      }
    },
    JobStoreContract("what is noted for a next runner is there until it is forgotten") { store in
      try await store.commit([
        .memo(Memo(.setting, "capacity.slots", .integer(3))), .memo(Memo(.pause, "", .string("drain"))),
      ])
      try await store.commit([.memo(Memo(.setting, "capacity.slots", .integer(4)))])
      try demandEqual(
        try await store.memos(),
        [Memo(.pause, "", .string("drain")), Memo(.setting, "capacity.slots", .integer(4))])
      try await store.commit([.memo(Memo(.pause, "", nil))])
      try demandEqual(try await store.memos().map(\.name), ["capacity.slots"])
    },
  ]
}
