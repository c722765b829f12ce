package import MillraceCore

/// What is recorded of a workflow beside its jobs.
package struct WorkflowHead: Sendable, Equatable {
  package var name: String
  package var definition: WorkflowDefinition
  /// What makes it the same workflow as another, for `WorkflowRequest.keyWindow`; nil for nothing.
  package var key: String?

  package init(name: String, definition: WorkflowDefinition, key: String? = nil) {
    self.name = name
    self.definition = definition
    self.key = key
  }
}

/// A workflow that is on record.
package struct AcceptedWorkflow: Sendable, Equatable {
  package var id: Int64
  /// In the order of the submissions; none of them is new if the workflow is not.
  package var jobs: [Acceptance]
  /// Whether there was none with its key.
  package var isNew = true

  package init(id: Int64, jobs: [Acceptance], isNew: Bool = true) {
    self.id = id
    self.jobs = jobs
    self.isNew = isNew
  }
}
