import MillraceCore
import MillraceEngine

/// The clauses about the deletion of jobs.
extension JobStoreContract {
  static let deletion = [
    JobStoreContract("only jobs that have ended are deleted, with their attempts, payloads and keys") {
      store in
      let jobs = try await oneJobPerState(in: store)
      let deletion = try await store.delete(EndedJobs(), atMost: 100, at: Sample.time(99))
      try demandEqual(Set(deletion.jobs), Set(jobs.filter { $0.0.isFinal }.map(\.1)))
      for (state, id) in jobs {
        let job = try await store.job(id)
        try demandEqual(job?.state, state.isFinal ? nil : state)
        guard state.isFinal else { continue }
        try demand(try await store.attempts(of: id).isEmpty, "attempts")
        try demand(try await store.result(of: id) == nil, "a result")
        try await demandRefusal { _ = try await store.payload(of: id) }
        try await demandRefusal { try await store.commit([.revived(id, to: .queued, terms: nil)]) }
      }
      let result = Bytes(Int64(Sample.fullEnd(.error).result?.bytes.count ?? 0))
      try demandEqual(
        deletion.tallies,
        [
          .succeeded: JobTally(jobs: 1, attempts: 1, bytes: result),
          .failed: JobTally(jobs: 1, attempts: 1, bytes: result), .cancelled: JobTally(jobs: 1),
        ])
      try demand(try await store.delete(EndedJobs(), atMost: 100, at: Sample.time(99)).jobs.isEmpty, "again")
      let next = try await store.submit([Sample.plain()], at: Sample.time(99))
      try demand(jobs.allSatisfy { $0.1 < next[0] }, "no number is given twice")
    },
    JobStoreContract("those that ended first are deleted first, and the next deletion goes on after them") {
      store in
      var ended: [JobID] = []
      for (index, second) in [30, 10, 20, 10].enumerated() {
        let id = try await store.submit([Sample.full()], at: Sample.time(0))[0]
        ended.append(id)
        if index == 1 {
          let attempt = Sample.attempt(id)
          let end = Sample.fullEnd(.error, at: Int64(second))
          try await store.commit([.starting(attempt), .ended(attempt.id, end, next: .done(.failed))])
        } else {
          try await store.commit([.cancelled(id, at: Sample.time(Int64(second)))])
        }
      }
      let first = try await store.delete(
        EndedJobs(before: Sample.time(30)), atMost: 2, at: Sample.time(40))
      try demandEqual(first.jobs, [ended[1], ended[3]])
      try demandEqual(first.last, Sample.time(10))
      try demandEqual(first.tally.jobs, 2)
      let rest = EndedJobs(since: first.last, before: Sample.time(30))
      try demandEqual(try await store.delete(rest, atMost: 2, at: Sample.time(40)).jobs, [ended[2]])
      try demandEqual(try await store.delete(rest, atMost: 2, at: Sample.time(40)), Deletion())
      try demand(try await store.job(ended[0]) != nil, "the one that ended last")
    },
    JobStoreContract("only the states and the jobs that are named are deleted") { store in
      let jobs = Dictionary(uniqueKeysWithValues: try await oneJobPerState(in: store))
      let named = [jobs[.failed], jobs[.queued], jobs[.cancelled]].compactMap { $0 } + [JobID(77)]
      let failed = try await store.delete(EndedJobs([.failed], jobs: named), atMost: 9, at: Sample.time(99))
      try demandEqual(failed.jobs, jobs[.failed].map { [$0] })
      try demand(try await store.delete(EndedJobs([.running]), atMost: 9, at: Sample.time(99)).jobs.isEmpty)
      let none = EndedJobs(jobs: [])
      try demand(try await store.delete(none, atMost: 9, at: Sample.time(99)).jobs.isEmpty, "no job")
      let cancelled = try await store.delete(EndedJobs([.cancelled]), atMost: 9, at: Sample.time(99))
      try demandEqual(cancelled.jobs, jobs[.cancelled].map { [$0] })
    },
    JobStoreContract("a job that an unfinished one depends on stays until that one has ended") { store in
      let needed = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      var asked = Sample.plain()
      asked.after = [Dependency(.job(needed), .any)]
      let dependant = try await store.submit([asked], at: Sample.time(0))[0]
      try await store.commit([.cancelled(needed, at: Sample.time(1)), .unblocked(dependant, notBefore: nil)])
      for choice in [EndedJobs(), EndedJobs(jobs: [needed])] {
        try demandEqual(try await store.delete(choice, atMost: 9, at: Sample.time(99)).jobs, [])
      }
      try await store.commit([.cancelled(dependant, at: Sample.time(2))])
      try demandEqual(
        try await store.delete(EndedJobs(before: Sample.time(2)), atMost: 9, at: Sample.time(99)).jobs,
        [needed])
      try demandEqual(
        try await store.job(dependant)?.submission.after, [Dependency(.job(needed), .any)])
    },
    JobStoreContract("a key that holds keeps its ended job, unless that is named; then it is free") { store in
      var asked = Sample.plain()
      asked.key = JobKey("nightly", window: .seconds(50))
      let first = try await store.submit([asked], at: Sample.time(0))[0]
      try await store.commit([.cancelled(first, at: Sample.time(1))])
      try demandEqual(try await store.delete(EndedJobs(), atMost: 9, at: Sample.time(49)).jobs, [])
      try demandEqual(
        try await store.delete(EndedJobs(jobs: [first]), atMost: 9, at: Sample.time(49)).jobs, [first])
      let second = try await store.accept([asked], at: Sample.time(49))[0]
      try demand(second.isNew, "the key is free")
      try await store.commit([.cancelled(second.job, at: Sample.time(50))])
      try demandEqual(try await store.delete(EndedJobs(), atMost: 9, at: Sample.time(99)).jobs, [second.job])
    },
  ]
}
