/// Makes the jobs of a workflow's steps, step by step.
struct WorkflowPlanner {
  private let workflow: Workflow
  private let values: ParameterValues
  private let isMapped: [String: Bool]
  private(set) var mistakes: [Mistake]
  private(set) var jobs: [WorkflowPlan.PlannedJob] = []
  private(set) var empty: [String] = []
  /// The places of each step's jobs in the plan.
  private var placesOf: [String: Range<Int>] = [:]
  /// Steps that can't be, whatever their list is: they need what will not happen.
  private var impossible: Set<String> = []
  private var dependencyCount = 0

  init(_ workflow: Workflow, _ given: [String: JSONValue]) {
    self.workflow = workflow
    values = ParameterValues(defaults: workflow.parameters, given: given, option: "--set")
    isMapped = Dictionary(uniqueKeysWithValues: workflow.steps.map { ($0.name, $0.map != nil) })
    mistakes = values.mistakes
  }

  mutating func plan() {
    for index in StepOrder(workflow.steps).order {
      let step = workflow.steps[index]
      let first = jobs.count
      if let after = dependencies(of: step) {
        add(step, after)
      } else {
        impossible.insert(step.name)
      }
      placesOf[step.name] = first..<jobs.count
      if first == jobs.count { empty.append(step.name) }
    }
  }

  /// What each job of a step depends on; nil if the step can't be.
  private mutating func dependencies(of step: Workflow.Step) -> [Dependency]? {
    var after: [Dependency] = []
    for need in step.needs {
      let places = placesOf[need.step] ?? 0..<0
      if places.isEmpty, !isMetByNothing(need) { return nil }
      let isMapped = isMapped[need.step] ?? false
      after += places.map { place in
        let name = isMapped ? "\(need.step).\(place - places.lowerBound)" : need.step
        return Dependency(.position(place), need.condition, name: name)
      }
    }
    return after
  }

  /// Whether a step without jobs meets a need: one over an empty list has ended well.
  private func isMetByNothing(_ need: Workflow.Need) -> Bool {
    switch need.condition {
    case .any: true
    case .ok: !impossible.contains(need.step)
    case .failed: false
    }
  }

  private mutating func add(_ step: Workflow.Step, _ after: [Dependency]) {
    let items = items(of: step)
    dependencyCount += items.count * after.count
    guard dependencyCount <= WorkflowPlan.maxDependencies else {
      return note(
        "this makes more than \(WorkflowPlan.maxDependencies) dependencies; put a step between the lists",
        at: step.place)
    }
    for item in items {
      var substitution = values.substitution(item: item)
      let members = step.job.map { substitution.applied(to: $0) }
      guard substitution.mistakes.isEmpty else {
        mistakes += substitution.mistakes
        return  // The other items would have the same mistakes.
      }
      var reader = StepReader()
      var request = reader.request(of: members)
      guard reader.reader.mistakes.isEmpty else {
        mistakes += reader.reader.mistakes
        return
      }
      request.after = after
      request.onDependencyFailure = step.onDependencyFailure
      request.step = step.name
      jobs.append(WorkflowPlan.PlannedJob(place: step.place, request: request))
    }
  }

  /// The items of a step: one nil for a step without a list.
  private mutating func items(of step: Workflow.Step) -> [JSONValue?] {
    guard let map = step.map else { return [nil] }
    var substitution = values.substitution(item: nil)
    let list = substitution.applied(to: map)
    mistakes += substitution.mistakes
    guard substitution.mistakes.isEmpty else { return [] }
    guard case .list(let items, _) = list else {
      note("`map` must be a list, not \(list.kind)", at: map.place)
      return []
    }
    guard items.count <= Workflow.maxItems else {
      note("`map` has \(items.count) items, it may have \(Workflow.maxItems)", at: map.place)
      return []
    }
    return items.map(\.json)
  }

  private mutating func note(_ message: String, at place: TextPlace) {
    mistakes.append(Mistake(place: place, message: message))
  }
}
