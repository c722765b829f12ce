extension EventFilter {
  private static let operators = ["is", "not", "min", "max", "like", "exists"]

  /// Reads conditions: an object of paths, with a value, a list of values or an object of operators for each.
  init(_ tree: PlacedValue, noting reader: inout TreeReader) {
    let members = reader.members(of: tree, called: "where")
    for member in members {
      guard let path = Self.path(member, &reader) else { continue }
      switch member.value {
      case .scalar(let value, _): conditions.append(Condition(path: path, test: .oneOf([value])))
      case .list(let elements, _):
        conditions.append(Condition(path: path, test: .oneOf(Self.values(elements, member.name, &reader))))
      case .object:
        let tests = reader.members(of: member.value, called: member.name, known: Self.operators)
        if tests.isEmpty {
          reader.note("`\(member.name)` has no condition", at: member.value.place)
        }
        conditions += tests.compactMap { test in
          Self.test(test, &reader).map { Condition(path: path, test: $0) }
        }
      }
    }
    if conditions.count > Self.mostConditions {
      reader.note("there are more than \(Self.mostConditions) conditions", at: tree.place)
    }
  }

  private static func path(_ member: PlacedValue.Member, _ reader: inout TreeReader) -> [String]? {
    let path = member.name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let isRoot =
      ["data", "id", "source", "type", "subject", "time"].contains(path[0])
      || (path.count == 1 && !path[0].isEmpty)
    guard isRoot, !path.contains(""), path.count <= longestPath else {
      reader.note(
        "`\(member.name)` is no value of an event: write `data.member.member`, `subject` or the like, "
          + "\(longestPath) names at most", at: member.place)
      return nil
    }
    return path
  }

  private static func values(
    _ elements: [PlacedValue], _ name: String, _ reader: inout TreeReader
  ) -> [JSONValue] {
    elements.compactMap { element in
      guard case .scalar(let value, _) = element else {
        reader.note(
          "a value of `\(name)` must be a text, a number or the like, not \(element.kind)",
          at: element.place)
        return nil
      }
      return value
    }
  }

  private static func test(_ member: PlacedValue.Member, _ reader: inout TreeReader) -> Test? {
    switch member.name {
    case "is", "not":
      var elements = [member.value]
      if case .list(let list, _) = member.value { elements = list }
      let values = values(elements, member.name, &reader)
      return member.name == "is" ? .oneOf(values) : .noneOf(values)
    case "min", "max":
      guard case .scalar(let value, _) = member.value, let number = value.number else {
        reader.note("`\(member.name)` must be a number, not \(member.value.kind)", at: member.value.place)
        return nil
      }
      return member.name == "min" ? .atLeast(number) : .atMost(number)
    case "like":
      return reader.text(member).map { .like(NamePattern(any: $0)) }
    default:
      guard case .scalar(.bool(let exists), _) = member.value else {
        reader.note("`exists` must be true or false, not \(member.value.kind)", at: member.value.place)
        return nil
      }
      return .exists(exists)
    }
  }
}
