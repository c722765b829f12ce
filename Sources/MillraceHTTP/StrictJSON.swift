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
    problem.index = index ?? placeInBatch(path)
    return problem
  }

  /// Which request of a batch a place is in, from 0; nil for another body.
  fileprivate static func placeInBatch(_ path: [any CodingKey]) -> Int? {
    path.first?.stringValue == "jobs" ? path.dropFirst().first?.intValue : nil
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

  init(from decoder: any Decoder) throws {
    try Members.check(decoder, known: SubmitRequest.members)
    request = try SubmitRequest(from: decoder)
    let container = try decoder.container(keyedBy: Lists.self)
    for list in Lists.allCases where try container.contains(list) && !container.decodeNil(forKey: list) {
      var elements = try container.nestedUnkeyedContainer(forKey: list)
      while !elements.isAtEnd { try Members.check(try elements.superDecoder(), known: list.members) }
    }
  }

  /// The members that are lists of objects.
  private enum Lists: String, CodingKey, CaseIterable {
    case arguments, io, after

    var members: [String] {
      switch self {
      case .arguments: ["name", "value"]
      case .io: ["device", "read_bytes_per_second", "write_bytes_per_second"]
      case .after: ["job", "position", "condition", "name"]
      }
    }
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

/// A workflow in which no member is unknown.
struct StrictWorkflowRequest: Decodable {
  let name: String
  let jobs: [StrictSubmitRequest]
  let empty: [String]?
  let key: String?

  private enum CodingKeys: String, CodingKey { case name, jobs, empty, key }

  init(from decoder: any Decoder) throws {
    try Members.check(decoder, known: ["name", "jobs", "empty", "key"])
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    jobs = try container.decode([StrictSubmitRequest].self, forKey: .jobs)
    empty = try container.decodeIfPresent([String].self, forKey: .empty)
    key = try container.decodeIfPresent(String.self, forKey: .key)
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

/// A small body of which all members are known.
protocol StrictBody: Decodable {
  static var members: [String] { get }
}

extension SelectionRequest: StrictBody {
  static let members = [
    "states", "handler", "class", "labels", "group", "held", "workflow", "since", "until", "dry_run",
  ]
}

extension StationRequest: StrictBody {
  static let members = ["handler", "group", "wait_seconds"]
}

extension SettingRequest: StrictBody {
  static let members = ["name", "value", "persist"]
}

extension RunNowRequest: StrictBody {
  static let members = ["key"]
}

extension BackfillRequest: StrictBody {
  static let members = ["from", "to"]
}

/// Such a body in which no member is unknown.
struct Strict<Body: StrictBody>: Decodable {
  let value: Body

  init(from decoder: any Decoder) throws {
    try Members.check(decoder, known: Body.members)
    value = try Body(from: decoder)
  }
}

/// What shall be different in a retry, with no unknown member.
struct StrictRetryBody: Decodable {
  let body: RetryBody

  init(from decoder: any Decoder) throws {
    let members = [
      "ids", "memory_bytes", "more_memory_percent", "cpu_millis", "pids", "timeout_seconds", "max_attempts",
    ]
    try Members.check(decoder, known: members)
    body = try RetryBody(from: decoder)
  }
}

/// A pruning in which no member is unknown.
struct StrictPruneRequest: Decodable {
  let request: PruneRequest

  init(from decoder: any Decoder) throws {
    try Members.check(decoder, known: ["dry_run", "older_than_seconds", "states", "vacuum", "ids"])
    request = try PruneRequest(from: decoder)
  }
}

/// A backup in which no member is unknown.
struct StrictBackupRequest: Decodable {
  let request: BackupRequest

  init(from decoder: any Decoder) throws {
    try Members.check(decoder, known: ["directory"])
    request = try BackupRequest(from: decoder)
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
      hint: hint(for: first, known: known), index: StrictJSON.placeInBatch(decoder.codingPath))
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
