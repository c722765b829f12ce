import MillraceCore
import MillraceEngine

/// The clauses about jobs that are accepted in a commit, with what is decided of them.
extension JobStoreContract {
  static let arrivals = [
    JobStoreContract("the next number is that of the next job, however the one before came") { store in
      try demandEqual(store.nextJob, JobID(1))
      let first = try await store.submit([Sample.plain(), Sample.plain()], at: Sample.time(0))
      try demandEqual(store.nextJob, JobID(first[1].rawValue + 1))
      let next = store.nextJob
      try await store.commit([.accepted(next, Sample.plain(), at: Sample.time(1))])
      try demandEqual(store.nextJob, JobID(next.rawValue + 1))
      let last = try await store.submit([Sample.plain()], at: Sample.time(2))
      try demandEqual(last, [JobID(next.rawValue + 1)])
    },
    JobStoreContract("a job that is accepted in a commit is as if it had been accepted before") { store in
      var asked = Sample.full()
      let id = store.nextJob
      try await store.commit([.accepted(id, asked, at: Sample.time(3))])
      let payload = try await store.payload(of: id)
      try demandEqual(payload.input, asked.input)
      asked.input = nil
      let job = Job(
        id: id, submission: asked, inputLength: Bytes(11), submitted: Sample.time(3), state: .queued)
      try demandEqual(try await store.job(id), job)
    },
    JobStoreContract("one that starts in the same commit has its attempt, one whose time comes later waits") {
      store in
      let id = store.nextJob
      let later = JobID(id.rawValue + 1)
      var waiting = Sample.plain()
      waiting.notBefore = Sample.time(100)
      let attempt = Sample.attempt(id)
      try await store.commit([
        .accepted(id, Sample.plain(), at: Sample.time(0)), .accepted(later, waiting, at: Sample.time(0)),
        .starting(attempt),
      ])
      let job = try await store.job(id)
      try demand(job?.state == .starting && job?.attempts == 1, "starting")
      try demandEqual(try await store.attempts(of: id), [attempt])
      try demandEqual(try await store.job(later)?.state, .scheduled)
      try demandEqual(try await store.job(later)?.notBefore, Sample.time(100))
      try demandEqual(try await store.unfinished().map(\.openAttempt?.id), [attempt.id, nil])
    },
    JobStoreContract("of a commit that fails no accepted job is left, and its number is still the next") {
      store in
      let id = store.nextJob
      try await demandRefusal {
        try await store.commit([
          .accepted(id, Sample.plain(), at: Sample.time(0)), .due(JobID(id.rawValue + 7)),
        ])
      }
      try demandEqual(store.nextJob, id)
      try demandEqual(try await store.submit([Sample.plain()], at: Sample.time(1)), [id])
    },
  ]
}
