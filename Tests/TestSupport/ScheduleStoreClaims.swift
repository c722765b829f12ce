import MillraceCore
import MillraceEngine

/// The clauses about nominal times and the jobs that they make.
extension ScheduleStoreContract {
  static let claims = [
    ScheduleStoreContract("a claim is a row, its job and the schedule afterwards") { store in
      let schedule = try await store.add(try Sample.definition())
      var claim = Sample.claim(60, of: schedule, .late, decided: 75)
      claim.submission = Sample.full()
      claim.tick.note = "15 s late: \"ä\""
      let result = try await store.claim([claim], at: Sample.time(75))
      guard case .claimed(let acceptance?) = result.first, result.count == 1 else {
        throw ContractViolation(description: "got \(result)")
      }
      try demand(acceptance.isNew && acceptance.state == .queued, "the job is queued")
      var expected = claim.tick
      expected.job = acceptance.job
      try demandEqual(
        try await store.ticks(matching: TickFilter(schedule: schedule.id)),
        [TickRow(tick: expected, state: .queued, duration: nil)])
      try demandEqual(try await store.schedules(), [claim.schedule])
      try demandEqual(try await store.job(acceptance.job)?.submitted, Sample.time(75))
      try demandEqual(try await store.payload(of: acceptance.job).input, Sample.full().input)
    },
    ScheduleStoreContract("a time that makes no job is a row alone") { store in
      let schedule = try await store.add(try Sample.definition())
      var claims: [Claim] = []
      for (index, fate) in Fate.allCases.enumerated() where !fate.hasJob {
        claims.append(Sample.claim(Int64(index), of: schedule, fate))
      }
      let results = try await store.claim(claims, at: Sample.time(99))
      try demandEqual(results, claims.map { _ in .claimed(nil) })
      try demandEqual(
        try await store.ticks(matching: TickFilter(schedule: schedule.id)),
        claims.reversed().map { TickRow(tick: $0.tick, state: nil, duration: nil) })
      try demand(try await store.jobs(matching: JobFilter()).isEmpty)
      try demand(try await store.claim([], at: Sample.time(99)).isEmpty, "no claims")
    },
    ScheduleStoreContract("a time that has its row makes no job, and what its schedule has become is written")
    {
      store in
      let schedule = try await store.add(try Sample.definition())
      let claim = Sample.claim(5, of: schedule)
      var again = claim
      again.schedule.decided = Sample.time(6)
      (again.schedule.runs, again.schedule.postponed) = (9, [Sample.time(50)])
      // In the same batch, and in another one.
      let results = try await store.claim([claim, again], at: Sample.time(5))
      try demandEqual(results.last, .taken)
      try demandEqual(try await store.schedules(), [again.schedule])
      again.schedule.runs = 10
      try demandEqual(try await store.claim([again], at: Sample.time(7)), [.taken])
      try demandEqual(try await store.schedules(), [again.schedule])
      try demandEqual(try await store.jobs(matching: JobFilter()).count, 1)
      try demandEqual(try await store.ticks(matching: TickFilter(schedule: schedule.id)).count, 1)
    },
    ScheduleStoreContract("by hand, with the key of a job: that is found, and nothing is written") { store in
      let schedule = try await store.add(try Sample.definition())
      var claim = Sample.claim(5, of: schedule, .manual)
      claim.submission?.key = JobKey("once")
      let first = try await store.claim([claim], at: Sample.time(5))
      (claim.tick.nominal, claim.tick.decided) = (Sample.time(6), Sample.time(6))
      let second = try await store.claim([claim], at: Sample.time(6))
      guard case .claimed(let made?)? = first.first, case .claimed(let found?)? = second.first else {
        throw ContractViolation(description: "got \(first) and \(second)")
      }
      try demand(made.isNew && !found.isNew && found.job == made.job, "got \(made) and \(found)")
      try demandEqual(claim.row(of: .claimed(found)), nil)
      let rows = try await store.ticks(matching: TickFilter(schedule: schedule.id))
      try demandEqual(rows.map(\.tick.nominal), [Sample.time(5)])
    },
    ScheduleStoreContract("a row without a job is replaced by who may, one with a job is not") { store in
      let schedule = try await store.add(try Sample.definition())
      let missed = Sample.claim(5, of: schedule, .missedDown)
      _ = try await store.claim([missed], at: Sample.time(50))
      var made = Sample.claim(5, of: schedule, .caughtUp, decided: 60)
      try demandEqual(try await store.claim([made], at: Sample.time(60)), [.taken])
      made.replaces = true
      guard case .claimed(let acceptance?) = try await store.claim([made], at: Sample.time(60)).first else {
        throw ContractViolation(description: "it was not replaced")
      }
      var expected = made.tick
      expected.job = acceptance.job
      let rows = [TickRow(tick: expected, state: .queued, duration: nil)]
      try demandEqual(try await store.ticks(matching: TickFilter(schedule: schedule.id)), rows)
      try demandEqual(try await store.claim([made], at: Sample.time(61)), [.taken])
      var refused = made
      (refused.tick.fate, refused.submission) = (.failedToSubmit, nil)
      try demandEqual(try await store.claim([refused], at: Sample.time(62)), [.taken])
      try demandEqual(try await store.ticks(matching: TickFilter(schedule: schedule.id)), rows)
      try demandEqual(try await store.tallies(of: [schedule.id])[schedule.id]?.fates, [.caughtUp: 1])
      try demandEqual(try await store.jobs(matching: JobFilter()).count, 1)
    },
    ScheduleStoreContract("claims of a batch are all written, or none") { store in
      let schedule = try await store.add(try Sample.definition())
      var bad = Sample.claim(7, of: schedule)
      bad.submission = Sample.plain(labels: ["": "no key"])
      var waits = Sample.claim(7, of: schedule)
      waits.submission?.after = [Dependency(.job(JobID(77)))]
      var jobless = Sample.claim(7, of: schedule)
      jobless.submission = nil
      var skipped = Sample.claim(7, of: schedule, .skippedGap)
      skipped.submission = Sample.plain()
      var unknown = schedule
      unknown = Schedule(id: ScheduleID(77), unknown.definition, created: Sample.time(0))
      for wrong in [bad, waits, jobless, skipped, Sample.claim(7, of: unknown)] {
        try await demandRefusal {
          _ = try await store.claim([Sample.claim(5, of: schedule), wrong], at: Sample.time(5))
        }
        try demandEqual(try await store.schedules(), [schedule])
        try demandEqual(try await store.nominals(of: schedule), [])
        try demand(try await store.jobs(matching: JobFilter()).isEmpty, "no job is left")
        try demandEqual(try await store.tallies(of: [schedule.id]), [schedule.id: ScheduleTally()])
      }
    },
    ScheduleStoreContract("jobs wait for earlier ones, and inputs of any size are theirs") { store in
      let schedule = try await store.add(try Sample.definition())
      let sizes = [3 << 20, 10, 2 << 20]
      var claims = sizes.indices.map { Sample.claim(Int64($0), of: schedule) }
      for (index, size) in sizes.enumerated() {
        claims[index].submission?.input = [UInt8](repeating: UInt8(index), count: size)
      }
      // The last one is of a time that is taken.
      claims.append(claims[0])
      let jobs = try await store.claim(claims, at: Sample.time(9)).map(\.job)
      try demandEqual(jobs.map { $0 == nil }, [false, false, false, true])
      for (index, job) in jobs.compactMap(\.self).enumerated() {
        let expected = [UInt8](repeating: UInt8(index), count: sizes[index])
        try demand(try await store.payload(of: job).input == expected, "the input of job \(job)")
      }
      var next = Sample.claim(50, of: schedule)
      next.submission?.after = jobs.compactMap(\.self).map { Dependency(.job($0), .any) }
      guard case .claimed(let acceptance?) = try await store.claim([next], at: Sample.time(50)).first else {
        throw ContractViolation(description: "it was not claimed")
      }
      try demand(acceptance.state == .blocked && acceptance.waitsFor == next.submission?.after, "it waits")
    },
    ScheduleStoreContract("a key gives several times the same job, which counts as it ended") { store in
      let schedule = try await store.add(try Sample.definition())
      var claims = (0..<3).map { Sample.claim($0, of: schedule) }
      for index in claims.indices { claims[index].submission?.key = JobKey("once", window: .seconds(99)) }
      let first = try await store.claim([claims[0], claims[1]], at: Sample.time(5))
      guard let job = first[0].job else { throw ContractViolation(description: "no job") }
      try demandEqual(first[1], .claimed(Acceptance(job: job, isNew: false, state: .queued)))
      try demandEqual(try await store.unfinishedJobsOfSchedules(), [schedule.id: [job]])
      try await store.finish(job, .succeeded, at: 20)
      _ = try await store.claim([claims[2]], at: Sample.time(30))
      try demandEqual(
        try await store.ticks(matching: TickFilter(schedule: schedule.id)).map(\.state),
        [.succeeded, .succeeded, .succeeded])
      try demandEqual(try await store.tallies(of: [schedule.id])[schedule.id]?.succeeded, 3)
    },
    ScheduleStoreContract("it rings when a time is claimed") { store in
      let schedule = try await store.add(try Sample.definition())
      var bell = store.activity.makeAsyncIterator()
      _ = try await store.claim([Sample.claim(5, of: schedule)], at: Sample.time(5))
      try demand(await bell.next() != nil, "claimed")
    },
  ]
}

extension ClaimResult {
  /// The job, new or not; nil if it has none or was taken.
  var job: JobID? { if case .claimed(let acceptance) = self { acceptance?.job } else { nil } }
}

extension JobStore {
  /// Lets a queued job run from a second to another one, and end.
  func finish(
    _ job: JobID, _ state: JobState, attempt number: Int = 1, from start: Int64? = nil, at end: Int64
  ) async throws {
    let id = AttemptID(job: job, number: number)
    let outcome: Outcome = state == .succeeded ? .succeeded : .error
    try await commit([
      .starting(Sample.attempt(job, number)), .running(id, at: Sample.time(start ?? end - 1)),
      .ended(id, AttemptEnd(outcome: outcome, ended: Sample.time(end)), next: .done(state)),
    ])
  }
}
