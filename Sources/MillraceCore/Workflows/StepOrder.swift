/// Puts steps behind those that they need.
struct StepOrder {
  /// The places of the steps in an order in which each comes behind what it needs, else as in the text; those
  /// of a circle, and what needs them, are left out.
  private(set) var order: [Int] = []
  private let steps: [Workflow.Step]
  private let indexOf: [String: Int]

  /// Orders steps of which each need names another one.
  init(_ steps: [Workflow.Step]) {
    self.steps = steps
    indexOf = Dictionary(steps.enumerated().map { ($1.name, $0) }) { first, _ in first }
    var missing = steps.map(\.needs.count)
    var dependants = [[Int]](repeating: [], count: steps.count)
    for (index, step) in steps.enumerated() {
      for need in step.needs {
        if let needed = indexOf[need.step] { dependants[needed].append(index) }
      }
    }
    var ready = SortedStack(steps.indices.filter { missing[$0] == 0 })
    while let next = ready.popFirst() {
      order.append(next)
      for dependant in dependants[next] {
        missing[dependant] -= 1
        if missing[dependant] == 0 { ready.insert(dependant) }
      }
    }
  }

  /// Indices from the smallest to the largest.
  private struct SortedStack {
    private var falling: [Int]

    init(_ rising: [Int]) { falling = rising.reversed() }

    mutating func popFirst() -> Int? { falling.popLast() }

    mutating func insert(_ index: Int) {
      var low = 0
      var high = falling.count
      while low < high {
        let middle = (low + high) / 2
        if falling[middle] > index { low = middle + 1 } else { high = middle }
      }
      falling.insert(index, at: low)
    }
  }

  /// A way from a step back to itself: "a → b → a"; nil if there is none.
  var circle: (words: String, place: TextPlace)? {
    guard order.count < steps.count else { return nil }
    let ordered = Set(order)
    // Each step that is left needs another one that is left, so going on comes back to where one was.
    var way: [Int] = []
    var next = steps.indices.first { !ordered.contains($0) }
    while let step = next, !way.contains(step) {
      way.append(step)
      next = steps[step].needs.lazy.compactMap { indexOf[$0.step] }.first { !ordered.contains($0) }
    }
    guard let closing = next, let start = way.firstIndex(of: closing) else { return nil }
    let names = (way[start...] + [closing]).map { steps[$0].name }
    let place = steps[closing].needs.first { $0.step == names[1] }?.place ?? steps[closing].place
    return (names.joined(separator: " needs "), place)
  }
}
