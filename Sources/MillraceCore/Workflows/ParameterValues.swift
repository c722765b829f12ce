/// What the parameters of a workflow or a template stand for.
struct ParameterValues {
  private let values: [String: JSONValue]
  private let missing: [String: String]
  /// What is given and no parameter.
  let mistakes: [Mistake]

  /// Puts what is given in the place of the defaults; a default of null must be given. `option` is how the
  /// command takes a value, for the words.
  init(defaults: [String: JSONValue], given: [String: JSONValue], option: String) {
    let known = defaults.keys.sorted()
    mistakes = given.keys.filter { defaults[$0] == nil }.sorted().map { name in
      let question = Spelling.question(about: name, among: known)
      let all = known.isEmpty ? "; there are none" : "; there are \(known.joined(separator: ", "))"
      return Mistake(place: nil, message: "there is no parameter `\(name)`" + (question ?? all))
    }
    let merged = defaults.merging(given) { $1 }
    values = merged.filter { $0.value != .null }
    let prefix = option.isEmpty ? "" : option + " "
    missing = Dictionary(
      uniqueKeysWithValues: merged.keys.filter { merged[$0] == .null }.map {
        ($0, "give it with `\(prefix)\($0)=…`")
      })
  }

  /// Returns what puts them in, and an item of a list if there is one.
  func substitution(item: JSONValue?) -> Substitution {
    guard let item else {
      return Substitution(
        values, missing: missing.merging(["item": "only a step with `map` has it"]) { $1 })
    }
    return Substitution(values.merging(["item": item]) { $1 }, missing: missing)
  }
}
