package import MillraceCore

/// What is recorded of a workflow beside its jobs.
package struct WorkflowHead: Sendable, Equatable {
  package var name: String
  package var definition: WorkflowDefinition

  package init(name: String, definition: WorkflowDefinition) {
    self.name = name
    self.definition = definition
  }
}

/// A workflow that is on record.
package struct AcceptedWorkflow: Sendable, Equatable {
  package var id: Int64
  /// In the order of the submissions.
  package var jobs: [Acceptance]

  package init(id: Int64, jobs: [Acceptance]) {
    self.id = id
    self.jobs = jobs
  }
}
