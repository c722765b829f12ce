import MillraceCore

/// A JSON value as a text that somebody wrote: its lines are its members, for JSON has none that help.
struct MemberTree {
  let value: PlacedValue
  /// The path of each line, the first one at line 1: `job.retry.delay`; empty for the value as a whole.
  private let paths: [String]

  init(_ json: JSONValue) {
    var paths: [String] = []
    value = Self.placed(json, at: "", &paths)
    self.paths = paths
  }

  private static func placed(_ json: JSONValue, at path: String, _ paths: inout [String]) -> PlacedValue {
    paths.append(path)
    let place = TextPlace(line: paths.count, column: 1)
    switch json {
    case .array(let elements):
      var placed: [PlacedValue] = []
      for (index, element) in elements.enumerated() {
        placed.append(Self.placed(element, at: "\(path)[\(index)]", &paths))
      }
      return .list(placed, place)
    case .object(let members):
      var placed: [PlacedValue.Member] = []
      for (name, member) in members.sorted(by: { $0.key < $1.key }) {
        let line = paths.count + 1
        let value = Self.placed(member, at: path.isEmpty ? name : "\(path).\(name)", &paths)
        placed.append(.init(name: name, place: TextPlace(line: line, column: 1), value: value))
      }
      return .object(placed, place)
    case .null, .bool, .integer, .number, .string:
      return .scalar(json, place)
    }
  }

  /// Returns all mistakes as one, each with the member that it is about.
  func refusal(of mistakes: Mistakes) -> Refusal {
    let lines = mistakes.all.map { mistake in
      guard let place = mistake.place, paths.indices.contains(place.line - 1) else { return mistake.message }
      let path = paths[place.line - 1]
      let words = mistake.message.replacing(
        "the file", with: "the body", maxReplacements: path.isEmpty ? 1 : 0)
      let column = place.column > 1 ? ", column \(place.column)" : ""
      return path.isEmpty ? words : "at `\(path)`\(column): \(words)"
    }
    return Refusal(.invalid, lines.joined(separator: "\n"))
  }
}
