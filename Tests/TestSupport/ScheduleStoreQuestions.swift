import MillraceCore
import MillraceEngine

/// The clauses about what can be asked of schedules.
extension ScheduleStoreContract {
  static let questions = [
    ScheduleStoreContract("times are listed from the newest to the oldest, by fate, span and number") {
      store in
      let schedule = try await store.add(try Sample.definition())
      let other = try await store.add(try Sample.definition("other"))
      let fates: [Fate] = [.ran, .skippedOverlap, .ran, .missedDown, .skippedOverlap, .late]
      // Not in the order of their times.
      for index in [3, 0, 5, 1, 4, 2] {
        let claims = [schedule, other].map { Sample.claim(Int64(index), of: $0, fates[index]) }
        _ = try await store.claim(claims, at: Sample.time(9))
      }
      func list(_ change: (inout TickFilter) -> Void) async throws -> [Int64] {
        try await store.nominals(of: schedule, change)
      }
      try demandEqual(try await list { _ in }, [5, 4, 3, 2, 1, 0])
      try demandEqual(try await list { $0.limit = 2 }, [5, 4])
      try demandEqual(try await list { $0.fates = [.skippedOverlap] }, [4, 1])
      try demandEqual(try await list { $0.fates = [.skippedOverlap, .ran, .late] }, [5, 4, 2, 1, 0])
      try demandEqual(try await list { $0.fates = [.doubledHour] }, [])
      try demandEqual(try await list { $0.fates = Set(Fate.allCases) }, [5, 4, 3, 2, 1, 0])
      try demandEqual(try await list { ($0.from, $0.before) = (Sample.time(2), Sample.time(4)) }, [3, 2])
      try demandEqual(
        try await list {
          ($0.fates, $0.limit) = ([.ran, .skippedOverlap], 2)
          $0.before = Sample.time(4)
        }, [2, 1])
      for limit in [0, 10_001] { try await demandRefusal { _ = try await list { $0.limit = limit } } }
      let none = TickFilter(schedule: ScheduleID(77))
      try demand(try await store.ticks(matching: none).isEmpty, "a schedule that is not there")
    },
    ScheduleStoreContract("a time shows how its job stands, and how it ended when it is no longer there") {
      store in
      let schedule = try await store.add(try Sample.definition())
      let results = try await store.claim((0..<2).map { Sample.claim($0, of: schedule) }, at: Sample.time(5))
      guard let job = results[0].job, let other = results[1].job else {
        throw ContractViolation(description: "no jobs")
      }
      func row() async throws -> (state: JobState?, seconds: Double?) {
        let rows = try await store.ticks(matching: TickFilter(schedule: schedule.id))
        try demandEqual(rows[1].tick.job, job)
        return (rows[1].state, rows[1].duration?.seconds)
      }
      let id = AttemptID(job: job, number: 1)
      try await store.commit([.starting(Sample.attempt(job)), .running(id, at: Sample.time(12))])
      try demand(try await row() == (.running, nil), "it runs")
      let end = AttemptEnd(outcome: .error, ended: Sample.time(15))
      try await store.commit([.ended(id, end, next: .requeue)])
      try demand(try await row() == (.queued, 3), "it is queued again")
      try await store.finish(job, .failed, attempt: 2, from: 20, at: 25)
      try demand(try await row() == (.failed, 5), "it failed")
      try await store.commit([.revived(job, to: .queued, terms: nil)])
      try demand(try await row() == (.queued, 5), "it begins anew")
      try demandEqual(try await store.unfinishedJobsOfSchedules(), [schedule.id: [job, other]])
      try await store.finish(job, .succeeded, attempt: 3, from: 30, at: 37)
      try demand(try await row() == (.succeeded, 7), "it succeeded")
      try await store.commit([.cancelled(other, at: Sample.time(40))])
      let deleted = try await store.delete(EndedJobs(), atMost: 9, at: Sample.time(99))
      try demandEqual(deleted.jobs, [job, other])
      try demand(try await row() == (.succeeded, nil), "it is deleted")
      try demandEqual(try await store.lastSuccess(of: schedule.id), Sample.time(0))
      try demandEqual(try await store.unfinishedJobsOfSchedules(), [:])
    },
    ScheduleStoreContract("the last success is the newest time whose job succeeded") { store in
      let schedule = try await store.add(try Sample.definition())
      try demandEqual(try await store.lastSuccess(of: schedule.id), nil)
      let claims = (0..<4).map { Sample.claim($0, of: schedule) }
      let jobs = try await store.claim(claims, at: Sample.time(5)).compactMap(\.job)
      try demandEqual(try await store.lastSuccess(of: schedule.id), nil)
      // The later one ends first.
      try await store.finish(jobs[2], .succeeded, at: 20)
      try await store.finish(jobs[1], .succeeded, at: 30)
      try await store.finish(jobs[3], .failed, at: 40)
      try demandEqual(try await store.lastSuccess(of: schedule.id), Sample.time(2))
      try demandEqual(try await store.lastSuccess(of: ScheduleID(77)), nil)
    },
    ScheduleStoreContract("the unfinished jobs of each schedule are told, by number; none of a removed one") {
      store in
      var expected: [ScheduleID: [JobID]] = [:]
      for name in ["a", "b", "c"] {
        let schedule = try await store.add(try Sample.definition(name))
        // The time that comes first has the higher number.
        let claims = [
          Sample.claim(9, of: schedule), Sample.claim(3, of: schedule), Sample.claim(5, of: schedule),
        ]
        let jobs = try await store.claim(claims, at: Sample.time(9)).compactMap(\.job)
        try await store.commit([.cancelled(jobs[1], at: Sample.time(10))])
        expected[schedule.id] = [jobs[0], jobs[2]]
        if name == "b" {
          _ = try await store.change(.remove(schedule.id, at: Sample.time(11)))
          expected[schedule.id] = nil
        }
        if name == "c" {
          for job in [jobs[0], jobs[2]] { try await store.commit([.cancelled(job, at: Sample.time(10))]) }
          expected[schedule.id] = nil
        }
      }
      _ = try await store.submit([Sample.plain()], at: Sample.time(9))
      try demandEqual(try await store.unfinishedJobsOfSchedules(), expected)
    },
    ScheduleStoreContract("figures are of all rows, and durations of the last 200 jobs that succeeded") {
      store in
      let schedule = try await store.add(try Sample.definition())
      let other = try await store.add(try Sample.definition("other"))
      let claims = (0..<210).map { Sample.claim($0, of: schedule, $0 % 2 == 0 ? .ran : .caughtUp) }
      let jobs = try await store.claim(claims, at: Sample.time(300)).compactMap(\.job)
      for (index, job) in jobs.enumerated() {
        // The first five take long, but are not of the last 200; five fail, after a long time, too.
        let state: JobState = (5..<10).contains(index) ? .failed : .succeeded
        let seconds = index < 10 ? 10_000 : Int64(index - 9)
        try await store.finish(job, state, from: 1000, at: 1000 + seconds)
      }
      let rest: [Fate] = [.skippedWindow, .skippedWindow, .manual, .missedDown]
      let more = rest.enumerated().map { Sample.claim(Int64(300 + $0.offset), of: schedule, $0.element) }
      _ = try await store.claim(more, at: Sample.time(400))
      var expected = ScheduleTally()
      expected.fates = [.ran: 105, .caughtUp: 105, .skippedWindow: 2, .manual: 1, .missedDown: 1]
      (expected.succeeded, expected.failed) = (205, 5)
      expected.meanDuration = .microseconds(100_500_000)
      expected.p95Duration = .seconds(190)
      expected.last = Sample.time(302)
      try demandEqual(
        try await store.tallies(of: [other.id, schedule.id, ScheduleID(77)]),
        [schedule.id: expected, other.id: ScheduleTally(), ScheduleID(77): ScheduleTally()])
    },
    ScheduleStoreContract("schedules are found by name, and listed a page at a time") { store in
      var all: [Schedule] = []
      for name in ["a", "b", "c", "d"] { all.append(try await store.add(try Sample.definition(name))) }
      _ = try await store.change(.remove(all[2].id, at: Sample.time(1)))
      try demandEqual(try await store.schedule(named: "b"), all[1])
      try demandEqual(try await store.schedule(named: "c"), nil)
      try demandEqual(try await store.schedules(after: "", atMost: 2), [all[0], all[1]])
      try demandEqual(try await store.schedules(after: "b", atMost: 2), [all[3]])
      try demandEqual(try await store.schedules(after: "aa", atMost: 1), [all[1]])
      try demandEqual(try await store.schedules(after: "d", atMost: 9), [])
    },
    ScheduleStoreContract("fates are counted over the last times of each schedule, or of a handler's") {
      store in
      let nightly = try await store.add(try Sample.definition())
      let job: JSONValue = .object(["handler": .string("other")])
      let other = try await store.add(try Sample.definition("other", ["job": job]))
      let gone = try await store.add(try Sample.definition("gone"))
      _ = try await store.add(try Sample.definition("new"))
      let fates: [Fate] = [.ran, .skippedOverlap, .missedDown, .ran, .skippedOverlap]
      // Not in the order of their times.
      for index in [3, 0, 4, 1, 2] {
        _ = try await store.claim([Sample.claim(Int64(index), of: nightly, fates[index])], at: Sample.time(9))
      }
      _ = try await store.claim([Sample.claim(7, of: other, .failedToSubmit)], at: Sample.time(9))
      _ = try await store.claim([Sample.claim(8, of: gone, .late)], at: Sample.time(9))
      _ = try await store.change(.remove(gone.id, at: Sample.time(10)))
      try demandEqual(
        try await store.fates(lastOfEach: 9, handler: nil),
        [.ran: 2, .skippedOverlap: 2, .missedDown: 1, .failedToSubmit: 1])
      try demandEqual(
        try await store.fates(lastOfEach: 3, handler: nil),
        [.ran: 1, .skippedOverlap: 1, .missedDown: 1, .failedToSubmit: 1])
      try demandEqual(try await store.fates(lastOfEach: 1, handler: "noop"), [.skippedOverlap: 1])
      try demandEqual(try await store.fates(lastOfEach: 5, handler: "other"), [.failedToSubmit: 1])
      try demandEqual(try await store.fates(lastOfEach: 5, handler: "nobody"), [:])
    },
  ]
}
