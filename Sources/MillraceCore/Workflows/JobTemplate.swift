/// One job with parameters that are put in when it is submitted.
package struct JobTemplate: Sendable, Equatable {
  /// What `{{name}}` stands for if nobody says otherwise; null for what must be said.
  package var defaults: [String: JSONValue]
  private let members: [PlacedValue.Member]

  /// The name of the parameters' defaults: `parameters` are the job's own.
  private static let defaultsName = "template"

  /// Reads a template.
  ///
  /// - Throws: `Mistakes`.
  package init(_ tree: PlacedValue) throws(Mistakes) {
    var reader = TreeReader()
    defaults = [:]
    var members: [PlacedValue.Member] = []
    for member in reader.members(
      of: tree, known: [Self.defaultsName] + StepReader.known)
    {
      if member.name == Self.defaultsName {
        defaults = Workflow.parameters(member, &reader)
      } else {
        members.append(member)
      }
    }
    if !members.contains(where: { $0.name == "handler" }) {
      reader.note("`handler` is missing", at: tree.place)
    }
    self.members = members
    try Mistakes.demandNone(reader.mistakes)
  }

  /// Returns the job with everything put in.
  ///
  /// - Throws: `Mistakes`.
  package func request(given: [String: JSONValue]) throws(Mistakes) -> JobRequest {
    let values = ParameterValues(defaults: defaults, given: given, option: "")
    var substitution = values.substitution(item: nil)
    let filled = members.map { substitution.applied(to: $0) }
    try Mistakes.demandNone(values.mistakes + substitution.mistakes)
    var reader = StepReader()
    let request = reader.request(of: filled)
    try Mistakes.demandNone(reader.reader.mistakes)
    return request
  }
}
