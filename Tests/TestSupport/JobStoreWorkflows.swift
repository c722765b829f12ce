import MillraceCore
import MillraceEngine

/// The clauses about workflows and what jobs leave to those that depend on them.
extension JobStoreContract {
  static let workflows = [
    JobStoreContract("a workflow is recorded with its jobs, or not at all") { store in
      let head = head(["fetch": [:], "report": ["fetch": .ok]])
      var bad = step("report")
      bad.labels = ["": "x"]
      try await demandRefusal { [bad] in
        _ = try await store.accept([step("fetch"), bad], as: head, at: Sample.time(0))
      }
      try demand(try await store.workflows(before: nil, limit: 10).isEmpty)
      try demand(try await store.jobs(matching: JobFilter()).isEmpty)
      _ = try await store.submit([Sample.plain()], at: Sample.time(0))
      let accepted = try await store.accept(
        [step("fetch"), step("report", after: 0)], as: head, at: Sample.time(1))
      try demandEqual(accepted.jobs.map(\.state), [.queued, .blocked])
      let record = try await store.workflow(accepted.id)
      try demandEqual(record?.name, "nightly")
      try demandEqual(record?.submitted, Sample.time(1))
      try demandEqual(record?.definition, head.definition)
      try demandEqual(
        record?.jobs,
        [
          .init(job: accepted.jobs[0].job, step: "fetch", state: .queued),
          .init(job: accepted.jobs[1].job, step: "report", state: .blocked),
        ])
      try demandEqual(try await store.job(accepted.jobs[1].job)?.workflow, accepted.id)
      var filter = JobFilter()
      filter.workflow = accepted.id
      try demandEqual(
        try await store.jobs(matching: filter).map(\.id), accepted.jobs.map(\.job).reversed())
      try demand(try await store.workflow(accepted.id + 1) == nil)
    },
    JobStoreContract("a workflow with the key of another one is that one, for a day") { store in
      var head = head(["fetch": [:], "report": ["fetch": .ok]])
      head.key = "k"
      let jobs = [step("fetch"), step("report", after: 0)]
      let first = try await store.accept(jobs, as: head, at: Sample.time(1))
      let again = try await store.accept(jobs, as: head, at: Sample.time(86_400))
      try demand(first.isNew && !again.isNew)
      try demandEqual(again.id, first.id)
      try demandEqual(again.jobs.map(\.job), first.jobs.map(\.job))
      try demandEqual(again.jobs.map(\.isNew), [false, false])
      try demandEqual(try await store.jobs(matching: JobFilter()).count, 2)
      let later = try await store.accept(jobs, as: head, at: Sample.time(86_402))
      head.key = "other"
      let other = try await store.accept(jobs, as: head, at: Sample.time(86_402))
      try demand(later.isNew && other.isNew && later.id != first.id)
    },
    JobStoreContract("workflows are listed with what their jobs come to, the newest first") { store in
      let head = head(["a": [:], "b": ["a": .ok]])
      var ids: [Int64] = []
      for number in 0..<3 {
        let accepted = try await store.accept(
          [step("a"), step("b", after: 0)], as: head, at: Sample.time(Int64(number)))
        ids.append(accepted.id)
        guard number > 0 else { continue }
        let reason = number == 1 ? EndReason.cancelled : .dependency(JobID(1), .failed, neededAs: .ok)
        try await store.commit([
          .closed(accepted.jobs[0].job, .cancelled, .cancelled, at: Sample.time(9)),
          .closed(accepted.jobs[1].job, .cancelled, reason, at: Sample.time(9)),
        ])
      }
      let all = try await store.workflows(before: nil, limit: 10)
      try demandEqual(all.map(\.id), ids.reversed())
      try demandEqual(all.map(\.state), [.cancelled, .cancelled, .active])
      try demandEqual(all[2].counts, [.queued: 1, .blocked: 1])
      for summary in all { try demandEqual(try await store.workflow(summary.id)?.summary, summary) }
      try demandEqual(try await store.workflows(before: ids[2], limit: 1).map(\.id), [ids[1]])
    },
    JobStoreContract("a job finds the results of those that it depends on, in their order") { store in
      let ids = try await store.submit([Sample.plain(), Sample.plain(), Sample.plain()], at: Sample.time(0))
      try await succeed(ids[0], with: Array("fetched".utf8), in: store)
      try await succeed(ids[1], with: [UInt8](repeating: 7, count: 2 << 20), in: store)
      try await succeed(ids[2], with: nil, in: store)
      var asked = Sample.plain()
      asked.after = [
        Dependency(.job(ids[1])), Dependency(.job(ids[2])), Dependency(.job(ids[0]), .any, name: "fetch"),
      ]
      let job = try await store.submit([asked], at: Sample.time(5))[0]
      let outputs = try await store.payload(of: job).outputs
      try demandEqual(outputs.map(\.name), ["job-\(ids[1])", "fetch"])
      try demandEqual(outputs.map(\.job), [ids[1], ids[0]])
      try demandEqual(outputs[1].bytes, Array("fetched".utf8))
      try demandEqual(outputs[1].mediaType, "text/plain")
      try demandEqual(outputs[0].bytes.count, 2 << 20)
    },
    JobStoreContract("results that are too large together are refused, not cut") { store in
      let big = [UInt8](repeating: 1, count: 33 << 20)
      let ids = try await store.submit([Sample.plain(), Sample.plain()], at: Sample.time(0))
      for id in ids { try await succeed(id, with: big, in: store) }
      var asked = Sample.plain()
      asked.after = ids.map { Dependency(.job($0)) }
      let job = try await store.submit([asked], at: Sample.time(5))[0]
      try await demandRefusal { _ = try await store.payload(of: job) }
    },
  ]

  private static func head(_ steps: [String: [String: Dependency.Condition]]) -> WorkflowHead {
    let sorted = steps.sorted { $0.key < $1.key }
    var request = WorkflowRequest(name: "nightly", jobs: [], empty: sorted.map(\.key))
    var definition = WorkflowDefinition(request)
    for place in definition.steps.indices { definition.steps[place].needs = sorted[place].value }
    request.empty = []
    return WorkflowHead(name: request.name, definition: definition)
  }

  private static func step(_ name: String, after place: Int? = nil) -> Submission {
    var submission = Sample.plain()
    submission.step = name
    submission.after = place.map { [Dependency(.position($0), .ok, name: "a")] } ?? []
    return submission
  }

  private static func succeed(_ job: JobID, with bytes: [UInt8]?, in store: any JobStore) async throws {
    let id = AttemptID(job: job, number: 1)
    try await store.commit([
      .starting(Sample.attempt(job)), .running(id, at: Sample.time(2)),
      .ended(
        id,
        AttemptEnd(
          outcome: .succeeded, ended: Sample.time(3), exit: .exited(code: 0),
          result: bytes.map { JobResult(mediaType: "text/plain", bytes: $0) }), next: .done(.succeeded)),
    ])
  }
}
