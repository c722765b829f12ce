import FoundationEssentials
import MillraceCore
import MillraceWire

/// The job of a schedule, as the words and options of a submission say it: members of a template.
struct ScheduledJob {
  /// Nil if nothing is said of it.
  let members: [String: JSONValue]?

  /// Reads them.
  /// - Throws: `CommandError` (`usage`) for an option that is not for jobs of schedules.
  init(_ words: RequestWords, _ options: RequestOptions) throws {
    var members = try Self.members(of: words)
    let request = try options.fill(SubmitRequest(handler: words.handler ?? ""))
    try Self.demandNone(of: Self.unusable(request))
    if let input = request.input {
      guard let text = String(data: input, encoding: .utf8) else {
        throw CommandError(.usage, "--input: the input of a schedule's job is a text in UTF-8")
      }
      members["input"] = .string(text)
    }
    members["memory"] = request.memoryBytes.map { .string(ScheduleOptions.text(Bytes($0))) }
    members["cpu"] = request.cpuMillis.map { .number(Double($0) / 1000) }
    members["pids"] = request.pids.map { .integer($0) }
    members["timeout"] = Self.span(request.timeoutSeconds)
    members["grace"] = Self.span(request.graceSeconds)
    members["priority"] = request.priority.map { .integer(Int64($0)) }
    members["class"] = request.jobClass.map { .string($0) }
    members["group"] = request.group.map { .string($0) }
    members["place"] = request.place.map { .string($0) }
    if let labels = request.labels { members["labels"] = .object(labels.mapValues { .string($0) }) }
    var retry: [String: JSONValue] = [:]
    retry["attempts"] = request.maxAttempts.map { .integer(Int64($0)) }
    retry["delay"] = Self.span(request.retryDelaySeconds)
    retry["factor"] = request.retryFactor.map { .number($0) }
    retry["max_delay"] = Self.span(request.retryMaxDelaySeconds)
    retry["jitter"] = request.retryJitter.map { .number($0) }
    if !retry.isEmpty { members["retry"] = .object(retry) }
    self.members = members.isEmpty ? nil : members
  }

  private static func members(of words: RequestWords) throws -> [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    members["handler"] = words.handler.map { .string($0) }
    if !words.command.isEmpty {
      members["command"] = .array(words.command.map { .string(String($0.dropFirst())) })
    }
    let parameters = try WorkflowFile.values(words.parameters, defaults: [:])
    if !parameters.isEmpty { members["parameters"] = .object(parameters) }
    return members
  }

  /// Returns a job that has these members in the place of its own; labels and rules of retries are kept one
  /// by one.
  func changing(_ present: [String: JSONValue]) -> [String: JSONValue] {
    present.merging(members ?? [:]) { old, new in
      guard let before = old.object, let after = new.object else { return new }
      return .object(before.merging(after) { $1 })
    }
  }

  /// What to say of options of a job beside `--file`.
  static let besideFile = CommandError(.usage, "--file has the whole job; leave the job's options out")

  /// The options that a schedule's job can't have, as far as they are given.
  private static func unusable(_ request: SubmitRequest) -> [String] {
    let given: [(String, Bool)] = [
      ("--io", request.io != nil), ("--not-before", request.notBefore != nil),
      ("--key", request.key != nil), ("--key-scope", request.keyScope != nil),
      ("--key-window", request.keyWindowSeconds != nil), ("--unique", request.unique != nil),
      ("--hold", request.hold != nil), ("--affinity", request.affinity != nil),
      ("--after", request.after != nil), ("--on-dependency-failure", request.onDependencyFailure != nil),
      ("--retry-on", request.retryOn != nil), ("--memory-max", request.memoryMaxBytes != nil),
      ("--timeout-factor", request.timeoutFactor != nil),
      ("--start-within", request.startWithinSeconds != nil),
      ("--finish-within", request.finishWithinSeconds != nil),
    ]
    return given.filter(\.1).map(\.0)
  }

  private static func demandNone(of options: [String]) throws {
    guard let first = options.first else { return }
    throw CommandError(
      .usage, "\(first) is not for the jobs of schedules",
      hint: "docs/schedules.md has what they can have")
  }

  private static func span(_ seconds: Double?) -> JSONValue? {
    seconds.map { .string(ScheduleOptions.text(.microseconds(Int64(($0 * 1e6).rounded())))) }
  }
}
