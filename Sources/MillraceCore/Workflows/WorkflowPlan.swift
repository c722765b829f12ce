/// The jobs that a workflow makes with given parameters, each behind those that it depends on.
package struct WorkflowPlan: Sendable, Equatable {
  package var name: String
  package var jobs: [PlannedJob]
  /// Steps without a job: their list is empty, or they need a step without one to end otherwise than well.
  package var empty: [String]

  /// One job of a plan.
  package struct PlannedJob: Sendable, Equatable {
    /// Where its step is in the text.
    package var place: TextPlace
    /// The job, with its step; its dependencies are on places in the plan.
    package var request: JobRequest
  }

  /// The most dependencies of a plan.
  package static let maxDependencies = 1_000_000

  /// Plans a workflow.
  ///
  /// - Parameters:
  ///   - workflow: the workflow.
  ///   - given: values of its parameters, in the place of the defaults.
  /// - Throws: `Mistakes` with all that is wrong.
  package init(_ workflow: Workflow, given: [String: JSONValue] = [:]) throws(Mistakes) {
    var planner = WorkflowPlanner(workflow, given)
    planner.plan()
    try Mistakes.demandNone(planner.mistakes)
    name = workflow.name
    jobs = planner.jobs
    empty = planner.empty
  }
}
