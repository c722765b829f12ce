import MillraceCore
import MillraceWire

/// A workflow on one page for people: each step below the one that it needs, with the states of its jobs.
struct WorkflowSheet {
  private let view: WorkflowView
  /// Whether it is only planned: it has no number and no states.
  private let isPlan: Bool

  /// Deeper steps are not moved further to the right.
  private static let maxDepth = 16

  init(_ view: WorkflowView, isPlan: Bool = false) {
    self.view = view
    self.isPlan = isPlan
  }

  /// Prints it: for people as a graph, else its steps or the whole as JSON.
  func print(as output: OutputFormat) throws {
    var format = OutputOptions()
    format.output = output
    try format.print(rows: view.steps, as: .steps, json: view) { text(paint: $0) }
  }

  /// Returns the page.
  func text(paint: Paint) -> String {
    let workflow = view.workflow
    var card = Card([.init("workflow", isPlan ? workflow.name : "\(workflow.id) \(workflow.name)")])
    if !isPlan {
      card.add("state", workflow.state.rawValue, workflow.state.tone)
      card.add("submitted", Figures.time(workflow.submitted))
    }
    card.add("jobs", isPlan ? "\(workflow.jobs.values.reduce(0, +))" : Self.words(workflow.jobs))
    return card.lines(paint: paint) + "\n" + graph(paint: paint)
  }

  /// The steps as a tree: each hangs on the last one that it needs, and names the others.
  private func graph(paint: Paint) -> String {
    let places = Dictionary(view.steps.enumerated().map { ($1.name, $0) }) { first, _ in first }
    var children: [Int: [Int]] = [:]
    for (place, step) in view.steps.enumerated() {
      let parent = step.needs.keys.compactMap { places[$0] }.filter { $0 != place }.max() ?? -1
      children[parent, default: []].append(place)
    }
    var lines = ""
    var left: [(place: Int, indent: String, isLast: Bool, depth: Int)] = []
    func push(_ places: [Int], indent: String, depth: Int) {
      for (index, place) in places.enumerated().reversed() {
        left.append((place, indent, index == places.count - 1, depth))
      }
    }
    push(children[-1] ?? [], indent: "", depth: 0)
    while let next = left.popLast() {
      let branch = next.depth == 0 ? "" : next.isLast ? "└─ " : "├─ "
      lines += next.indent + branch + line(view.steps[next.place], paint: paint) + "\n"
      let isDeep = next.depth >= Self.maxDepth
      let deeper = next.depth == 0 || isDeep ? next.indent : next.indent + (next.isLast ? "   " : "│  ")
      push(children[next.place] ?? [], indent: deeper, depth: next.depth + 1)
    }
    return lines
  }

  private func line(_ step: StepView, paint: Paint) -> String {
    var words = [paint(step.name.printable, .title)]
    if step.jobs.isEmpty {
      words.append("no job")
    } else if step.jobs.count > 1 || isPlan {
      words.append(step.jobs.count == 1 ? "1 job" : "\(step.jobs.count) jobs")
    }
    if !isPlan, !step.jobs.isEmpty {
      words.append(step.states.map { paint($0.words, $0.tone) }.joined(separator: ", "))
      words.append(step.numbers)
    }
    let needs = step.needs.sorted { $0.key < $1.key }
    if !needs.isEmpty {
      words.append(
        "needs " + needs.map { $1 == .ok ? $0 : "\($0) (\($1.rawValue))" }.joined(separator: ", ").printable)
    }
    if step.jobs.count == 1, let reason = step.jobs[0].reason {
      words.append("(\(reason.message.printable))")
    }
    return words.joined(separator: "  ")
  }

  /// Counts in words, in the order of a job's life: `2 running, 3 blocked`.
  static func words(_ counts: [String: Int]) -> String {
    JobState.allCases.compactMap { state in counts[state.rawValue].map { "\($0) \(state.rawValue)" } }
      .joined(separator: ", ")
  }
}

extension StepView {
  /// How many jobs are in each state, with its tone; one job's state alone.
  fileprivate var states: [(words: String, tone: Tone)] {
    JobState.allCases.compactMap { state in
      let count = jobs.count { $0.state == state }
      guard count > 0 else { return nil }
      let held = state == .blocked && jobs.contains(where: \.held) ? ", held" : ""
      return ((jobs.count == 1 ? "" : "\(count) ") + state.rawValue + held, state.tone)
    }
  }

  /// The numbers of its jobs: `42`, `42…51`.
  fileprivate var numbers: String {
    guard let first = jobs.first?.id, let last = jobs.last?.id else { return "" }
    return first == last ? "job \(first)" : "jobs \(first)…\(last)"
  }
}

extension Table where Row == StepView {
  /// Steps, a line each.
  static var steps: Table {
    Table(
      [
        Column("STEP", "step") { $0.name },
        Column("JOBS", "jobs", raw: { $0.jobs.map { "\($0.id)" }.joined(separator: " ") }) { $0.numbers },
        Column("STATE", "state") { $0.states.map(\.words).joined(separator: ", ") },
        Column("NEEDS", "needs") { step in
          step.needs.sorted { $0.key < $1.key }.map { "\($0):\($1.rawValue)" }.joined(separator: " ")
        },
      ], id: { step in step.jobs.map { "\($0.id)" }.joined(separator: "\n") })
  }
}

extension Table where Row == WorkflowSummaryView {
  /// Workflows, a line each.
  static var workflows: Table {
    Table(
      [
        Column("WORKFLOW", "id", .right) { "\($0.id)" },
        Column("NAME", "name") { $0.name },
        Column("STATE", "state", tone: { $0.state.tone }) { $0.state.rawValue },
        Column("SUBMITTED", "submitted", raw: { $0.submitted }) { Figures.time($0.submitted) },
        Column("JOBS", "jobs") { WorkflowSheet.words($0.jobs) },
      ], id: { "\($0.id)" })
  }
}

extension WorkflowSummary.State {
  fileprivate var tone: Tone {
    switch self {
    case .active: .busy
    case .succeeded: .good
    case .failed: .bad
    case .cancelled: .quiet
    }
  }
}
