import MillraceCore
import MillraceEngine

/// The clauses about nominal times that go.
extension ScheduleStoreContract {
  static let pruning = [
    ScheduleStoreContract("old times go, the ones that were decided first before the others, in slices") {
      store in
      let schedules = [
        try await store.add(try Sample.definition("a")), try await store.add(try Sample.definition("b")),
      ]
      // The time that comes first was decided last: somebody asked for it afterwards.
      for (nominal, decided) in [(1, 90), (2, 40), (3, 30), (4, 50), (5, 60)] as [(Int64, Int64)] {
        _ = try await store.claim(
          schedules.map { Sample.claim(nominal, of: $0, .missedDown, decided: decided) },
          at: Sample.time(decided))
      }
      try demandEqual(try await store.firstOldTick(), Sample.time(30))
      var old = OldTicks(before: Sample.time(60))
      try demandEqual(try await store.count(old), 6)
      let first = try await store.delete(old, atMost: 4)
      try demand(first.count == 4 && first.last == Sample.time(40), "\(first)")
      old.since = first.last
      try demandEqual(try await store.count(old), 2)
      try demandEqual(try await store.delete(old, atMost: 4).count, 2)
      try demandEqual(try await store.delete(old, atMost: 4), RowDeletion())
      try demandEqual(try await store.firstOldTick(), Sample.time(60))
      for schedule in schedules {
        try demandEqual(try await store.nominals(of: schedule), [5, 1])
        try demandEqual(try await store.tallies(of: [schedule.id])[schedule.id]?.fates, [.missedDown: 2])
      }
      try demandEqual(try await store.delete(OldTicks(before: Sample.time(0)), atMost: 9), RowDeletion())
    },
    ScheduleStoreContract("a time whose job has not ended stays, and so does the last success") { store in
      let schedule = try await store.add(try Sample.definition())
      let claims = (0..<5).map { Sample.claim($0, of: schedule) }
      let jobs = try await store.claim(claims, at: Sample.time(5)).compactMap(\.job)
      try await store.finish(jobs[0], .succeeded, at: 20)
      try await store.finish(jobs[1], .succeeded, at: 21)
      try await store.finish(jobs[2], .failed, at: 22)
      try await store.commit([.cancelled(jobs[3], at: Sample.time(23))])
      // Their jobs may be gone already.
      _ = try await store.delete(EndedJobs(jobs: [jobs[1], jobs[2]]), atMost: 9, at: Sample.time(30))
      let old = OldTicks(before: Sample.time(99))
      try demandEqual(try await store.count(old), 3)
      try demandEqual(try await store.firstOldTick(), Sample.time(0))
      try demandEqual(try await store.delete(old, atMost: 9).count, 3)
      try demandEqual(try await store.nominals(of: schedule), [4, 1])
      try demandEqual(try await store.lastSuccess(of: schedule.id), Sample.time(1))
      try demandEqual(try await store.firstOldTick(), nil)
      try await store.finish(jobs[4], .succeeded, at: 40)
      try demandEqual(try await store.delete(old, atMost: 9).count, 1)
      try demandEqual(try await store.nominals(of: schedule), [4])
    },
    ScheduleStoreContract("of a removed schedule no time stays whose job has ended") { store in
      let schedule = try await store.add(try Sample.definition())
      let claims = (0..<2).map { Sample.claim($0, of: schedule) }
      let jobs = try await store.claim(claims, at: Sample.time(5)).compactMap(\.job)
      try await store.finish(jobs[0], .succeeded, at: 20)
      _ = try await store.change(.remove(schedule.id, at: Sample.time(30)))
      let old = OldTicks(before: Sample.time(99))
      try demandEqual(try await store.delete(old, atMost: 9).count, 1)
      try demandEqual(try await store.nominals(of: schedule), [1])
      try await store.commit([.cancelled(jobs[1], at: Sample.time(40))])
      try demandEqual(try await store.delete(old, atMost: 9).count, 1)
      try demandEqual(try await store.nominals(of: schedule), [])
      try demand(try await store.job(jobs[0]) != nil, "jobs stay")
      let next = try await store.add(try Sample.definition())
      try demand(next.id > schedule.id, "no number is given twice")
    },
  ]
}
