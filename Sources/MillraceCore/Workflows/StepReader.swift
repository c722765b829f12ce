/// Reads what a job shall be from the members of a step or a template, when everything is put in.
struct StepReader {
  /// The names that a job's members can have.
  static let known = [
    "handler", "command", "parameters", "input", "memory", "cpu", "pids", "timeout", "grace", "retry",
    "priority", "class", "labels", "group", "place",
  ]

  var reader = TreeReader()

  /// Returns the job; what is wrong is noted.
  mutating func request(of members: [PlacedValue.Member]) -> JobRequest {
    var request = JobRequest(handler: "")
    for member in members where !member.value.isNull || member.name == "handler" {
      switch member.name {
      case "handler": request.handler = reader.name(member) ?? ""
      case "command": command(member, &request)
      case "parameters":
        for parameter in reader.members(of: member.value, called: member.name) {
          request.parameters[parameter.name] = parameter.value.json
        }
      case "input": request.input = reader.text(member).map { Array($0.utf8) }
      case "priority":
        if let number = reader.count(member, 1...10), let priority = Priority(rawValue: number) {
          request.priority = priority
        }
      case "class": request.jobClass = reader.text(member)
      case "group": request.group = reader.name(member)
      case "labels":
        for label in reader.members(of: member.value, called: member.name) {
          request.labels[label.name] = reader.text(label)
        }
      case "retry": retry(member, &request.wishes)
      default: limit(member, &request.wishes)
      }
    }
    return request
  }

  /// The words of a command are texts, whatever is put in.
  private mutating func command(_ member: PlacedValue.Member, _ request: inout JobRequest) {
    guard case .list(let words, _) = member.value, !words.isEmpty else {
      return reader.note("`command` must be a list of words: `[echo, hello]`", at: member.value.place)
    }
    var texts: [JSONValue] = []
    for word in words {
      if let text = word.json.scalarText {
        texts.append(.string(text))
      } else {
        reader.note("a word of `command` must be a text, not \(word.kind)", at: word.place)
      }
    }
    request.parameters["command"] = .array(texts)
  }

  private mutating func limit(_ member: PlacedValue.Member, _ wishes: inout Wishes) {
    switch member.name {
    case "memory": wishes.memory = reader.bytes(member)
    case "cpu": wishes.cpuMillis = reader.processors(member)
    case "pids": wishes.pids = reader.count(member, 1...4_194_304).map(Int64.init)
    case "timeout": wishes.timeout = reader.duration(member)
    case "grace": wishes.grace = reader.duration(member)
    case "place":
      let words = Placement.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ")
      wishes.place = reader.value(member, "one of \(words)") { Placement(rawValue: $0) }
    default: preconditionFailure("`\(member.name)` is known and has no case")
    }
  }

  private mutating func retry(_ member: PlacedValue.Member, _ wishes: inout Wishes) {
    let known = ["attempts", "delay", "factor", "max_delay", "jitter"]
    var rule = RetryWishes()
    for part in reader.members(of: member.value, called: "retry", known: known) {
      switch part.name {
      case "attempts": wishes.maxAttempts = reader.count(part, 1...1000)
      case "delay": wishes.retryDelay = reader.duration(part)
      case "max_delay": rule.maxDelay = reader.duration(part)
      case "factor":
        rule.factor = reader.value(part, "a number from 1 on") { Double($0).flatMap { $0 >= 1 ? $0 : nil } }
      default:
        rule.jitter = reader.value(part, "a number from 0 to 1") {
          Double($0).flatMap { (0...1).contains($0) ? $0 : nil }
        }
      }
    }
    if rule != RetryWishes() { wishes.retry = rule }
  }
}
