package import MillraceCore
import MillraceEngine
import Synchronization

extension MemoryJobStore {
  package func workflow(_ id: Int64) async throws -> WorkflowRecord? { recorded(id) }

  package func workflows(before: Int64?, limit: Int) async throws -> [WorkflowSummary] {
    let last = min(Int64(state.withLock { $0.workflows.count }), (before ?? .max) - 1)
    guard last > 0 else { return [] }
    return (1...last).reversed().prefix(limit).compactMap { recorded($0)?.summary }
  }

  private func recorded(_ id: Int64) -> WorkflowRecord? {
    state.withLock { state in
      guard state.workflows.indices.contains(Int(id) - 1) else { return nil }
      let (head, submitted) = state.workflows[Int(id) - 1]
      let jobs = state.records.filter { !$0.isDeleted }.map(\.job).filter { $0.workflow == id }
      return WorkflowRecord(
        id: id, name: head.name, submitted: submitted, definition: head.definition,
        jobs: jobs.map { job in
          WorkflowRecord.Member(
            job: job.id, step: job.submission.step, state: job.state, isHeld: job.isHeld, reason: job.reason)
        })
    }
  }

  /// The results of what a job depends on.
  func outputs(for dependencies: [Dependency]) async throws -> [Output] {
    var outputs: [Output] = []
    var total = Bytes.zero
    for dependency in dependencies {
      guard case .job(let needed) = dependency.needed, let result = try await result(of: needed) else {
        continue
      }
      total = total + Bytes(Int64(result.bytes.count))
      guard total <= Output.largestTotal else { throw Refusal(description: "the results are too large") }
      outputs.append(
        Output(
          name: dependency.name ?? "job-\(needed)", job: needed, mediaType: result.mediaType,
          bytes: result.bytes))
    }
    return outputs
  }
}

extension MemoryJobStore.State {
  /// Finds the workflow that has the key of another one; nil if there is none.
  func workflow(withKeyOf head: WorkflowHead, at now: Timestamp) -> AcceptedWorkflow? {
    guard let key = head.key,
      let place = workflows.lastIndex(where: {
        $0.0.key == key && $0.1 > now - WorkflowRequest.keyWindow
      })
    else { return nil }
    let id = Int64(place + 1)
    let jobs = records.map(\.job).filter { $0.workflow == id }
    return AcceptedWorkflow(
      id: id, jobs: jobs.map { Acceptance(job: $0.id, isNew: false, state: $0.state) }, isNew: false)
  }
}
