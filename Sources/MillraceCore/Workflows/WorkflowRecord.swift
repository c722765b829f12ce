/// A workflow as somebody submits it: jobs that are accepted together or not at all.
package struct WorkflowRequest: Sendable, Equatable {
  package var name: String
  /// Each depends only on jobs by their numbers, and on those before it by their places.
  package var jobs: [JobRequest]
  /// Steps that have no job.
  package var empty: [String]
  /// What makes it the same workflow as another request, for `keyWindow`; nil for nothing.
  package var key: String?

  /// How long a key holds after the acceptance.
  package static let keyWindow = Duration.seconds(86_400)

  package init(name: String, jobs: [JobRequest], empty: [String] = [], key: String? = nil) {
    self.name = name
    self.jobs = jobs
    self.empty = empty
    self.key = key
  }
}

/// The steps of a workflow and what each needs: what its jobs alone don't tell.
package struct WorkflowDefinition: Sendable, Equatable, Codable {
  /// In the order of the jobs; those without one come last.
  package var steps: [Step]

  /// A named step.
  package struct Step: Sendable, Equatable, Codable {
    package var name: String
    /// How the steps must end that it needs.
    package var needs: [String: Dependency.Condition]
  }

  package init(steps: [Step]) { self.steps = steps }

  /// Finds the steps of a request; jobs without a step are one of their own each, by their place.
  package init(_ request: WorkflowRequest) {
    let names = request.jobs.enumerated().map { $1.step ?? "job-\($0)" }
    var places: [String: Int] = [:]
    var steps: [Step] = []
    for (name, job) in zip(names, request.jobs) {
      let place = places[name] ?? steps.count
      if place == steps.count { steps.append(Step(name: name, needs: [:])) }
      places[name] = place
      for dependency in job.after {
        guard case .position(let index) = dependency.needed, names.indices.contains(index) else { continue }
        steps[place].needs[names[index]] = dependency.condition
      }
    }
    self.steps = steps + request.empty.map { Step(name: $0, needs: [:]) }
  }
}

/// A workflow on record.
package struct WorkflowRecord: Sendable, Equatable {
  package var id: Int64
  package var name: String
  package var submitted: Timestamp
  package var definition: WorkflowDefinition
  /// By number.
  package var jobs: [Member]

  /// One of its jobs.
  package struct Member: Sendable, Equatable {
    package var job: JobID
    package var step: String?
    package var state: JobState
    package var isHeld: Bool
    /// Why it ended, where no attempt tells.
    package var reason: EndReason?

    package init(job: JobID, step: String?, state: JobState, isHeld: Bool = false, reason: EndReason? = nil) {
      self.job = job
      self.step = step
      self.state = state
      self.isHeld = isHeld
      self.reason = reason
    }
  }

  package init(
    id: Int64, name: String, submitted: Timestamp, definition: WorkflowDefinition, jobs: [Member]
  ) {
    self.id = id
    self.name = name
    self.submitted = submitted
    self.definition = definition
    self.jobs = jobs
  }

  /// What its jobs come to.
  package var summary: WorkflowSummary {
    var summary = WorkflowSummary(id: id, name: name, submitted: submitted)
    for member in jobs {
      summary.count(member.state, isForDependency: member.reason?.code == EndReason.dependencyCode)
    }
    return summary
  }
}

/// What the jobs of a workflow come to.
package struct WorkflowSummary: Sendable, Equatable {
  package var id: Int64
  package var name: String
  package var submitted: Timestamp
  /// How many jobs are in each state.
  package private(set) var counts: [JobState: Int] = [:]
  /// How many were cancelled otherwise than for a dependency.
  private var stopped = 0

  package init(id: Int64, name: String, submitted: Timestamp) {
    self.id = id
    self.name = name
    self.submitted = submitted
  }

  /// Counts jobs in; `isForDependency` tells whether they were cancelled because of what they needed.
  package mutating func count(_ state: JobState, isForDependency: Bool, times: Int = 1) {
    counts[state, default: 0] += times
    if state == .cancelled, !isForDependency { stopped += times }
  }

  /// How it stands.
  package enum State: String, Sendable, Codable, CaseIterable { case active, succeeded, failed, cancelled }

  /// It has failed if a job has, and is cancelled if somebody cancelled one; a step that was only for the
  /// case of a failure and did not run is neither.
  package var state: State {
    if counts.contains(where: { !$0.key.isFinal && $0.value > 0 }) { return .active }
    if counts[.failed, default: 0] > 0 { return .failed }
    return stopped > 0 ? .cancelled : .succeeded
  }
}
