package import MillraceCore
package import MillraceEngine

extension FakeJobService {
  package func submit(_ workflow: WorkflowRequest) async throws -> AcceptedWorkflow {
    try checkFailure()
    var accepted = AcceptedWorkflow(id: 0, jobs: [])
    change { contents in
      if let key = workflow.key { accepted.isNew = !contents.submittedWorkflows.contains { $0.key == key } }
      contents.submittedWorkflows.append(workflow)
      accepted.id = Int64(contents.workflows.count + 1)
      for request in workflow.jobs {
        let id = JobID(Int64(contents.jobs.count + 1))
        contents.jobs[id] = Self.job(id, request)
        accepted.jobs.append(Acceptance(job: id))
      }
      contents.workflows[accepted.id] = WorkflowRecord(
        id: accepted.id, name: workflow.name, submitted: Timestamp(microseconds: 1_700_000_000_000_000),
        definition: WorkflowDefinition(workflow),
        jobs: zip(accepted.jobs, workflow.jobs).map { accepted, request in
          WorkflowRecord.Member(job: accepted.job, step: request.step, state: .queued)
        })
    }
    return accepted
  }

  package func cancel(workflow id: Int64) async throws -> WorkflowRecord { try asked("cancel", id) }

  package func retryFailed(workflow id: Int64) async throws -> WorkflowRecord { try asked("retryFailed", id) }

  private func asked(_ what: String, _ id: Int64) throws -> WorkflowRecord {
    try checkFailure()
    guard let record = contents.workflows[id] else { throw Refusal(.notFound, "there is no workflow \(id)") }
    change { $0.workflowCalls.append("\(what) \(id)") }
    return record
  }
}
