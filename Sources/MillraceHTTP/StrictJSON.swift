import FoundationEssentials
import MillraceCore
import MillraceWire

/// Decodes the bodies of requests; the errors are for the one who wrote the body.
enum StrictJSON {
  /// Decodes a value; `index` says which request of a batch it is, nil if the body itself tells.
  ///
  /// - Throws: `Problem` 400 that names the place, or a `Refusal` for a member that nobody knows.
  static func decode<Value: Decodable>(
    _ type: Value.Type, from body: Data, index: Int? = nil
  ) throws -> Value {
    do {
      return try Wire.decoder().decode(type, from: body)
    } catch let error as DecodingError {
      throw problem(of: error, index: index)
    } catch var refusal as Refusal {
      refusal.index = refusal.index ?? index
      throw refusal
    }
  }

  private static func problem(of error: DecodingError, index: Int?) -> Problem {
    let path: [any CodingKey]
    let detail: String
    switch error {
    case .typeMismatch(let type, let context):
      path = context.codingPath
      detail = "\(place(path)) must be \(words(for: type))"
    case .valueNotFound(let type, let context):
      path = context.codingPath
      detail = "\(place(path)) must be \(words(for: type)), not null"
    case .keyNotFound(let key, let context):
      path = context.codingPath
      detail = "\(place(path + [key])) is missing"
    case .dataCorrupted(let context):
      path = context.codingPath
      // Foundation's own words name the line and column of a syntax error; in a value they are ours or its.
      let underlying = (context.underlyingError as? CocoaError)?.userInfo["NSDebugDescription"] as? String
      let words = underlying ?? context.debugDescription
      detail = path.isEmpty ? "this is no JSON: \(words)" : "\(place(path)) can't be read: \(words)"
    @unknown default:
      path = []
      detail = "this can't be read: \(error)"
    }
    var problem = Problem.plain(400, "malformed body", detail)
    problem.index = index ?? path.first { $0.intValue != nil }?.intValue
    return problem
  }

  /// Names a place as people write it: `` `jobs[3].memory_bytes` ``.
  private static func place(_ path: [any CodingKey]) -> String {
    var text = ""
    for key in path {
      if let index = key.intValue {
        text += "[\(index)]"
      } else {
        text += (text.isEmpty ? "" : ".") + snakeCase(key.stringValue)
      }
    }
    return text.isEmpty ? "the body" : "`\(text)`"
  }

  private static func words(for type: Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type, is Bytes.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type, is any StringProtocol.Type: "text"
    case is Bool.Type: "true or false"
    case is Data.Type: "text in base64"
    case is [Any].Type: "a list"
    default: "\(type)".hasPrefix("Array") ? "a list" : "an object"
    }
  }

  private static func snakeCase(_ name: String) -> String {
    var text = ""
    for character in name {
      text += character.isUppercase ? "_" + character.lowercased() : String(character)
    }
    return text
  }
}

/// A request for a job in which no member is unknown.
struct StrictSubmitRequest: Decodable {
  let request: SubmitRequest

  static let members = [
    "handler", "parameters", "arguments", "input", "memory_bytes", "cpu_millis", "pids", "io",
    "timeout_seconds", "grace_seconds", "max_attempts", "retry_delay_seconds", "priority", "class", "labels",
    "not_before", "trace_parent",
  ]

  init(from decoder: any Decoder) throws {
    try Members.check(decoder, known: Self.members)
    request = try SubmitRequest(from: decoder)
  }
}

/// A batch in which no member is unknown.
struct StrictBatchRequest: Decodable {
  let jobs: [StrictSubmitRequest]

  private enum CodingKeys: String, CodingKey { case jobs }

  init(from decoder: any Decoder) throws {
    try Members.check(decoder, known: ["jobs"])
    jobs = try decoder.container(keyedBy: CodingKeys.self).decode([StrictSubmitRequest].self, forKey: .jobs)
  }
}

/// A new priority in which no member is unknown.
struct StrictReprioritiseRequest: Decodable {
  let priority: Int

  private enum CodingKeys: String, CodingKey { case priority }

  init(from decoder: any Decoder) throws {
    try Members.check(decoder, known: ["priority"])
    priority = try decoder.container(keyedBy: CodingKeys.self).decode(Int.self, forKey: .priority)
  }
}

/// The names of an object's members.
private enum Members {
  /// Takes any value and looks at nothing.
  private struct Anything: Decodable {
    init(from decoder: any Decoder) {}
  }

  /// Refuses members that are not known, all of them at once.
  static func check(_ decoder: any Decoder, known: [String]) throws {
    // A dictionary's keys are given as they are written, not in the decoder's key style.
    let given = try decoder.singleValueContainer().decode([String: Anything].self).keys
    let unknown = given.filter { !known.contains($0) }.sorted()
    guard let first = unknown.first else { return }
    let names = unknown.map { "`\($0)`" }.joined(separator: ", ")
    throw Refusal(
      .invalid, unknown.count == 1 ? "there is no member \(names)" : "there are no members \(names)",
      hint: hint(for: first, known: known), index: decoder.codingPath.first { $0.intValue != nil }?.intValue)
  }

  private static func hint(for name: String, known: [String]) -> String {
    let plain = name.filter { $0 != "_" && $0 != "-" }.lowercased()
    let near = known.first { member in
      let other = member.filter { $0 != "_" }
      return other == plain || other.hasPrefix(plain) || plain.hasPrefix(other)
    }
    return near.map { "did you mean `\($0)`?" } ?? "members: " + known.joined(separator: ", ")
  }
}
