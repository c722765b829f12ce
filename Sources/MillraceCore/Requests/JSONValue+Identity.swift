extension JSONValue {
  /// The value written in the one way there is, for digests: members in the order of their names, each text
  /// with its length.
  package var unambiguousText: String {
    var text = ""
    append(to: &text)
    return text
  }

  private func append(to text: inout String) {
    switch self {
    case .null: text += "n"
    case .bool(let bool): text += bool ? "t" : "f"
    case .integer(let whole): text += "#\(whole)"
    case .number(let number): text += Int64(exactly: number).map { "#\($0)" } ?? "#\(number)"
    case .string(let string): Self.append(string, to: &text)
    case .array(let elements):
      text += "[\(elements.count)"
      for element in elements { element.append(to: &text) }
    case .object(let members):
      text += "{\(members.count)"
      for (name, member) in members.sorted(by: { $0.key < $1.key }) {
        Self.append(name, to: &text)
        member.append(to: &text)
      }
    }
    text += ";"
  }

  private static func append(_ string: String, to text: inout String) {
    text += "\"\(string.utf8.count):\(string)"
  }
}
