package import MillraceCore
import Yams

extension YAMLDocument {
  /// Reads a text whole, with the place of each part.
  ///
  /// - Throws: `FileMistakes`.
  package static func tree(of text: String, named file: String) throws -> PlacedValue {
    let document = YAMLDocument()
    var budget = Setting.TreeBudget()
    let tree = document.root(of: text)?.tree(within: &budget)
    try document.throwMistakes(in: file)
    guard let tree else {
      throw FileMistakes(file: file, mistakes: [Mistake(place: nil, message: "there is nothing in it")])
    }
    return tree
  }

  /// Returns the value that a plain word stands for: null, a truth value, a number as JSON writes it, or the
  /// word itself. A date, `yes` and `007` are texts.
  package static func value(ofPlain text: String) -> JSONValue {
    switch text {
    case "", "~", "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
    guard let first = digits.utf8.first, (0x30...0x39).contains(first),
      text.utf8.allSatisfy({ (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }),
      digits.utf8.count == 1 || first != 0x30 || !(0x30...0x39).contains(Array(digits.utf8)[1])
    else { return .string(text) }
    if let whole = Int64(text) { return .integer(whole) }
    guard !text.hasSuffix("."), let number = Double(text), number.isFinite else { return .string(text) }
    return .number(number)
  }
}

extension Setting {
  /// How much a file may hold: aliases can make a small text very large.
  struct TreeBudget {
    fileprivate var values = 1_000_000
    fileprivate var depth = 64
  }

  /// Reads the value with all that is below it; nil if something is wrong, which is noted.
  func tree(within budget: inout TreeBudget) -> PlacedValue? {
    budget.values -= 1
    guard budget.values > 0, budget.depth > 0 else {
      if budget.values == 0 || budget.depth == 0 { mistake("holds too much: 1,000,000 values, 64 deep") }
      return nil
    }
    budget.depth -= 1
    defer { budget.depth += 1 }
    let place = TextPlace(node.mark)
    switch node {
    case .scalar(let scalar):
      let isPlain = scalar.style == .plain || scalar.style == .any
      let text = original(scalar.string)
      return .scalar(isPlain ? YAMLDocument.value(ofPlain: text) : .string(text), place)
    case .sequence:
      var elements: [PlacedValue] = []
      for element in self.elements() {
        guard let value = element.tree(within: &budget) else { return nil }
        elements.append(value)
      }
      return .list(elements, place)
    case .mapping:
      var members: [PlacedValue.Member] = []
      for setting in settings() {
        guard let value = setting.tree(within: &budget) else { return nil }
        members.append(.init(name: setting.name, place: setting.namePlace, value: value))
      }
      return .object(members, place)
    case .alias:
      mistake("must be written out; aliases are not known here")
      return nil
    }
  }
}
