extension ScheduleDefinition {
  /// Returns a definition, as it was written, for those who may not see the secrets in its job's parameters.
  ///
  /// - Parameters:
  ///   - source: the definition.
  ///   - handler: finds a handler; where there is none, every parameter may be a secret.
  /// - Returns: the definition with something else in the place of secrets.
  /// - Throws: `Refusal` if the handler's schema is none.
  package static func concealingSecrets(
    of source: JSONValue, handler: (String) -> Handler?
  ) throws -> JSONValue {
    guard var members = source.object, var job = members["job"]?.object, let parameters = job["parameters"]
    else { return source }
    let known = job["handler"]?.string.flatMap(handler)?.parameterSchema
    let secrets =
      try known.map { try ParameterSchema($0).secrets(in: parameters) }
      ?? Array((parameters.object ?? [:]).keys)
    job["parameters"] = parameters.concealing(secrets)
    members["job"] = .object(job)
    return .object(members)
  }
}
