/// Why no schema can be made of the type of a handler's parameters.
struct SchemaProblem: Error, CustomStringConvertible {
  let description: String

  /// Makes a problem.
  ///
  /// - Parameters:
  ///   - place: the parameter, such as `size.width`; empty for all of them.
  ///   - reason: what is wrong with it.
  ///   - hint: what helps.
  init(_ place: String, _ reason: String, hint: String) {
    let place = place.isEmpty ? "the parameters" : "`\(place)`"
    description = "no schema can be derived for \(place): \(reason); \(hint)"
  }

  /// What always helps.
  static let byHand = "write the schema by hand, as `static let schema: String?`"
}
