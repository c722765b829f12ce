extension ParameterSchema {
  /// What is shown in the place of a secret.
  package static let concealed = JSONValue.string("<secret>")

  /// Returns the names of the parameters that are secrets, or have some within them, in order: those whose
  /// schema says `writeOnly`.
  package func secrets(in parameters: JSONValue) -> [String] {
    (parameters.object ?? [:]).keys.filter { schema(of: $0)?.hasSecrets ?? false }.sorted()
  }

  private var hasSecrets: Bool {
    if isSecret || properties.values.contains(where: \.hasSecrets) { return true }
    if items.contains(where: \.hasSecrets) { return true }
    if case .fitting(let rule) = additional { return rule.hasSecrets }
    return false
  }
}

extension JSONValue {
  /// The members of an object with something else in the place of secrets.
  package func concealing(_ secrets: [String]) -> JSONValue {
    guard !secrets.isEmpty, var members = object else { return self }
    for name in secrets where members[name] != nil { members[name] = ParameterSchema.concealed }
    return .object(members)
  }
}

extension Submission {
  /// The parameters for anybody to see.
  package var shownParameters: JSONValue { parameters.concealing(secrets) }
}
