package import MillraceEngine
import MillraceCore

/// What any `RecordStore` must do besides. Each clause wants an empty store.
package struct RecordStoreContract: Sendable, CustomStringConvertible {
  /// The clause as a sentence.
  package let description: String
  /// Tries it on an empty store.
  package let check: @Sendable (any RecordStore) async throws -> Void

  private init(_ description: String, _ check: @escaping @Sendable (any RecordStore) async throws -> Void) {
    self.description = description
    self.check = check
  }

  /// All clauses.
  package static let clauses = [
    RecordStoreContract("what would be deleted is what is deleted then") { store in
      _ = try await JobStoreContract.oneJobPerState(in: store)
      for choice in [EndedJobs([.failed]), EndedJobs(), EndedJobs(before: Sample.time(2)), EndedJobs([])] {
        let (now, tallies) = (Sample.time(99), try await store.tallies(of: choice, at: Sample.time(99)))
        let first = try await store.firstEnd(of: choice, at: now)
        let one = try await store.delete(choice, atMost: 1, at: now)
        try demandEqual(one.last, first)
        let rest = try await store.delete(choice, atMost: 99, at: now)
        try demandEqual(one.tallies.merging(rest.tallies, uniquingKeysWith: +), tallies)
        try demandEqual(try await store.tallies(of: choice, at: now), [:])
        try demandEqual(try await store.firstEnd(of: choice, at: now), nil)
      }
    },
    RecordStoreContract("each job on record is told with its end, and no other") { store in
      let jobs = try await JobStoreContract.oneJobPerState(in: store)
      let ends = try await store.ends(of: jobs.map(\.1) + [JobID(77)])
      try demand(ends[JobID(77)] == nil, "one that is not there")
      for (state, id) in jobs {
        let ended = try await store.job(id)?.ended
        try demandEqual(ends[id], .some(ended.map { JobEnd(state: state, ended: $0) }))
      }
      try demand(try await store.ends(of: []).isEmpty)
    },
    RecordStoreContract("only builds that attempts on record name are found") { store in
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      let attempt = Sample.attempt(id)
      let alike = attempt.pluginSHA256.dropLast() + "0"
      let candidates = [attempt.pluginSHA256, String(alike), String(repeating: "a", count: 64)]
      try demand(try await store.builds(onRecord: candidates).isEmpty)
      try await store.commit([
        .starting(attempt), .ended(attempt.id, Sample.fullEnd(.error), next: .done(.failed)),
      ])
      try demandEqual(try await store.builds(onRecord: candidates), [attempt.pluginSHA256])
      _ = try await store.delete(EndedJobs(), atMost: 9, at: Sample.time(99))
      try demand(try await store.builds(onRecord: candidates).isEmpty)
    },
    RecordStoreContract("who submitted a job stays with it") { store in
      var submission = Sample.plain()
      submission.owner = "alice"
      submission.secrets = ["password", "token"]
      let ids = try await store.submit([submission, Sample.plain()], at: Sample.time(0))
      try demandEqual(try await store.job(ids[0])?.submission.owner, "alice")
      try demandEqual(try await store.job(ids[0])?.submission.secrets, ["password", "token"])
      try demandEqual(try await store.job(ids[1])?.submission.owner, nil)
      try demandEqual(try await store.job(ids[1])?.submission.secrets, [])
    },
    RecordStoreContract("entries of the audit are listed, the newest first, and go, the first ones first") {
      store in
      try demandEqual(try await store.firstAuditEntry(), nil)
      for (second, name) in [(1, "root"), (2, "alice"), (3, "root")] as [(Int64, String)] {
        try await store.note(
          AuditEntry(
            time: Sample.time(second), principal: name, role: "admin", origin: "pid 7",
            action: "POST /v1/prune", status: 200 + Int(second)))
      }
      var filter = AuditFilter()
      try demandEqual(try await store.audit(filter).map(\.number), [3, 2, 1])
      try demandEqual(try await store.audit(filter).map(\.status), [203, 202, 201])
      filter.principal = "root"
      try demandEqual(try await store.audit(filter).map(\.number), [3, 1])
      filter.before = 3
      try demandEqual(try await store.audit(filter).map(\.number), [1])
      (filter.before, filter.limit) = (nil, 1)
      try demandEqual(try await store.audit(filter).map(\.number), [3])
      try demandEqual(try await store.firstAuditEntry(), Sample.time(1))
      let old = OldAudit(before: Sample.time(3))
      try demandEqual(try await store.count(old), 2)
      try demandEqual(try await store.delete(old, atMost: 1).last, Sample.time(1))
      try demandEqual(try await store.delete(old, atMost: 9).count, 1)
      try demandEqual(try await store.delete(old, atMost: 9).count, 0)
      try demandEqual(try await store.audit(AuditFilter()).map(\.number), [3])
    },
    RecordStoreContract("it rings when something was accepted or committed") { store in
      var bell = store.activity.makeAsyncIterator()
      let id = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
      try demand(await bell.next() != nil, "accepted")
      try await store.commit([.cancelled(id, at: Sample.time(1))])
      try demand(await bell.next() != nil, "committed")
    },
  ]
}
