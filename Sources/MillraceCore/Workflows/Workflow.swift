/// Jobs with names that need each other, as somebody wrote them down.
package struct Workflow: Sendable, Equatable {
  package var name: String
  /// What `{{name}}` stands for if nobody says otherwise; null for what must be said.
  package var parameters: [String: JSONValue]
  /// In the order of the text.
  package var steps: [Step]

  /// One named job, or many over a list.
  package struct Step: Sendable, Equatable {
    package var name: String
    /// The place of the name.
    package var place: TextPlace
    package var needs: [Need] = []
    package var onDependencyFailure = Dependency.Failure.cancel
    /// The list with a job for each item, or the text that names it; nil for one job.
    package var map: PlacedValue?
    /// What the job shall be: `StepReader.known`.
    package var job: [PlacedValue.Member] = []
  }

  /// Another step that must have ended.
  package struct Need: Sendable, Equatable {
    package var step: String
    package var condition: Dependency.Condition
    package var place: TextPlace
  }

  /// The most jobs that a step makes of a list.
  package static let maxItems = 10_000

  /// Reads a workflow.
  ///
  /// - Throws: `Mistakes` with all that is wrong with it, whatever the values of its parameters are.
  package init(_ tree: PlacedValue) throws(Mistakes) {
    var reader = TreeReader()
    name = ""
    parameters = [:]
    steps = []
    let members = reader.members(of: tree, known: ["workflow", "parameters", "jobs"])
    for member in members {
      switch member.name {
      case "workflow": name = reader.name(member) ?? ""
      case "parameters": parameters = Self.parameters(member, &reader)
      default: steps = Self.steps(member, &reader)
      }
    }
    for name in ["workflow", "jobs"] where !members.contains(where: { $0.name == name }) {
      reader.note("`\(name)` is missing", at: tree.place)
    }
    if steps.isEmpty, let jobs = members.first(where: { $0.name == "jobs" }), reader.mistakes.isEmpty {
      reader.note("`jobs` has no job in it", at: jobs.value.place)
    }
    checkNeeds(&reader)
    try Mistakes.demandNone(reader.mistakes)
  }

  /// Reads the parameters of a workflow or a template.
  static func parameters(
    _ member: PlacedValue.Member, _ reader: inout TreeReader
  ) -> [String: JSONValue] {
    var parameters: [String: JSONValue] = [:]
    for parameter in reader.members(of: member.value, called: member.name) {
      if Handler.isValidName(parameter.name), parameter.name != "item" {
        parameters[parameter.name] = parameter.value.json
      } else {
        let why = parameter.name == "item" ? "is what a step with `map` calls its item" : "can't be a name"
        reader.note("`\(parameter.name)` \(why)", at: parameter.place)
      }
    }
    return parameters
  }

  private static func steps(_ member: PlacedValue.Member, _ reader: inout TreeReader) -> [Step] {
    reader.members(of: member.value, called: member.name).map { member in
      var step = Step(name: member.name, place: member.place)
      if !Handler.isValidName(member.name) {
        reader.note(
          "`\(member.name)` can't be a name: 1 to 64 of `a-z 0-9 - _ .`, a letter first", at: member.place)
      }
      let known = StepReader.known + ["map", "needs", "on_dependency_failure"]
      for part in reader.members(of: member.value, called: "jobs.\(member.name)", known: known) {
        switch part.name {
        case "map": step.map = part.value
        case "needs": step.needs = Self.needs(part, &reader)
        case "on_dependency_failure":
          step.onDependencyFailure =
            reader.value(part, "`cancel` or `hold`", Dependency.Failure.init(rawValue:)) ?? .cancel
        default: step.job.append(part)
        }
      }
      if !step.job.contains(where: { $0.name == "handler" }) {
        reader.note("`jobs.\(member.name)` has no `handler`", at: member.place)
      }
      return step
    }
  }

  /// Reads `fetch`, `[fetch, scan]` or `{fetch: ok, scan: any}`.
  private static func needs(_ member: PlacedValue.Member, _ reader: inout TreeReader) -> [Need] {
    func name(_ value: PlacedValue) -> Need? {
      guard case .scalar(.string(let name), let place) = value else {
        reader.note("`needs` must name steps, not \(value.kind)", at: value.place)
        return nil
      }
      return Need(step: name, condition: .ok, place: place)
    }
    switch member.value {
    case .scalar(.null, _): return []
    case .scalar: return [name(member.value)].compactMap(\.self)
    case .list(let names, _): return names.compactMap(name)
    case .object(let members, _):
      return members.compactMap { need in
        let words = Dependency.Condition.allCases.map(\.rawValue).joined(separator: ", ")
        return reader.value(need, "one of \(words)", Dependency.Condition.init(rawValue:)).map {
          Need(step: need.name, condition: $0, place: need.place)
        }
      }
    }
  }

  private func checkNeeds(_ reader: inout TreeReader) {
    let names = steps.map(\.name)
    let known = Set(names)
    for step in steps {
      var seen: Set<String> = []
      for need in step.needs {
        if need.step == step.name {
          reader.note("`\(step.name)` needs itself", at: need.place)
        } else if !known.contains(need.step) {
          let question = Spelling.question(about: need.step, among: names)
          reader.note(
            "`\(step.name)` needs `\(need.step)`, which is no step" + (question ?? ""), at: need.place)
        } else if !seen.insert(need.step).inserted {
          reader.note("`\(step.name)` needs `\(need.step)` twice", at: need.place)
        }
      }
    }
    if reader.mistakes.isEmpty, let circle = StepOrder(steps).circle {
      reader.note("steps need each other in a circle: \(circle.words)", at: circle.place)
    }
  }
}

/// Everything that is wrong with a text; at least one thing.
package struct Mistakes: Error, Sendable, Equatable {
  package var all: [Mistake]

  /// Throws unless there is none; each is told once, in the order of the text.
  static func demandNone(_ mistakes: [Mistake]) throws(Mistakes) {
    guard !mistakes.isEmpty else { return }
    var seen: Set<Mistake> = []
    let once = mistakes.filter { seen.insert($0).inserted }
    throw Mistakes(all: once.sorted { ($0.place ?? .start) < ($1.place ?? .start) })
  }
}
