package import MillraceCore

/// The body of `POST /v1/workflows`: all of its jobs are accepted, or none.
package struct WorkflowSubmitRequest: Codable, Sendable, Equatable {
  package var name: String
  /// Each may depend on those before it, by their places.
  package var jobs: [SubmitRequest]
  /// Steps that have no job.
  package var empty: [String]?
  /// What makes it the same workflow as another request, for a day.
  package var key: String?

  package init(name: String, jobs: [SubmitRequest], empty: [String]? = nil, key: String? = nil) {
    self.name = name
    self.jobs = jobs
    self.empty = empty
    self.key = key
  }
}

/// The answer to it: the number of the workflow and those of its jobs, in the order of the request.
package struct WorkflowAnswer: Codable, Sendable, Equatable {
  package var workflow: Int64
  package var ids: [JobID]

  package init(workflow: Int64, ids: [JobID]) {
    self.workflow = workflow
    self.ids = ids
  }
}

/// A workflow in one line.
package struct WorkflowSummaryView: Codable, Sendable, Equatable {
  package var id: Int64
  package var name: String
  package var state: WorkflowSummary.State
  package var submitted: String
  /// How many jobs are in each state; states without a job are left out.
  package var jobs: [String: Int]

  /// Makes the view of a workflow's figures.
  package init(_ summary: WorkflowSummary) {
    id = summary.id
    name = summary.name
    state = summary.state
    submitted = Wire.text(of: summary.submitted)
    jobs = Dictionary(uniqueKeysWithValues: summary.counts.map { ($0.key.rawValue, $0.value) })
  }
}

/// A page of workflows, the newest first.
package struct WorkflowPage: Codable, Sendable, Equatable {
  package var workflows: [WorkflowSummaryView]
  /// Give it as `before` for the next page; nil on the last one.
  package var next: Int64?

  package init(workflows: [WorkflowSummaryView], next: Int64?) {
    self.workflows = workflows
    self.next = next
  }
}

/// A workflow with its steps and jobs.
package struct WorkflowView: Codable, Sendable, Equatable {
  package var workflow: WorkflowSummaryView
  package var steps: [StepView]

  /// Makes the view of a workflow on record.
  package init(_ record: WorkflowRecord) {
    workflow = WorkflowSummaryView(record.summary)
    var jobs: [String: [StepJobView]] = [:]
    for (place, member) in record.jobs.enumerated() {
      jobs[member.step ?? "job-\(place)", default: []].append(StepJobView(member))
    }
    steps = record.definition.steps.map { step in
      StepView(name: step.name, needs: step.needs, jobs: jobs[step.name] ?? [])
    }
  }
}

/// A step of a workflow.
package struct StepView: Codable, Sendable, Equatable {
  package var name: String
  /// How the steps must end that it needs.
  package var needs: [String: Dependency.Condition]
  /// Empty for a step over an empty list.
  package var jobs: [StepJobView]
}

/// A job of a step.
package struct StepJobView: Codable, Sendable, Equatable {
  package var id: JobID
  package var state: JobState
  package var held: Bool
  /// Why it ended, where no attempt tells.
  package var reason: EndReason?

  init(_ member: WorkflowRecord.Member) {
    id = member.job
    state = member.state
    held = member.isHeld
    reason = member.reason
  }
}

/// What a job waits for, in a request and in an answer: another job, or one of the same request by its place.
package struct DependencyView: Codable, Sendable, Equatable {
  package var job: JobID?
  /// From 0, before the job itself; only in a request.
  package var position: Int?
  /// `ok` if it is not given.
  package var condition: Dependency.Condition?
  /// Under which name the job finds the result; `job-41` if it is not given.
  package var name: String?

  /// Makes the view of a dependency.
  package init(_ dependency: Dependency) {
    switch dependency.needed {
    case .job(let id): job = id
    case .position(let place): position = place
    }
    condition = dependency.condition
    name = dependency.name
  }

  /// Returns it in the core's words.
  /// - Throws: `Refusal` (`invalid`).
  package func dependency() throws(Refusal) -> Dependency {
    if let name, !Handler.isValidName(name) {
      throw Refusal(.invalid, "`\(name)` can't name a dependency: 1 to 64 of `a-z 0-9 - _ .`, a letter first")
    }
    switch (job, position) {
    case (let id?, nil):
      guard id.rawValue > 0 else { throw Refusal(.invalid, "`after` has no job number: \(id)") }
      return Dependency(.job(id), condition ?? .ok, name: name)
    case (nil, let place?):
      return Dependency(.position(place), condition ?? .ok, name: name)
    case (nil, nil), (_?, _?):
      throw Refusal(.invalid, "`after` must name a `job` or a `position`, and only one of them")
    }
  }
}
