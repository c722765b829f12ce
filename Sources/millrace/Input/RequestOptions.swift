import ArgumentParser
import FoundationEssentials
import MillraceCore
import MillraceWire

/// What a job shall have besides its handler and parameters.
struct RequestOptions: ParsableArguments {
  @Option(help: "Read the job's input from a file; - is standard input.", completion: .file())
  var input: String?

  @Option(help: "Memory of all its processes together: 256M.", transform: Quantities.bytes)
  var memory: Bytes?

  @Option(help: "Processors: 0.5, 2, 20%.", transform: Quantities.cpuMillis)
  var cpu: Int64?

  @Option(help: "Processes and threads.", transform: Quantities.count)
  var pids: Int?

  @Option(
    help: "Traffic with a block device: '8:0 rbps=1M wbps=1M'. May be repeated.", transform: Quantities.io)
  var io: [IOLimit] = []

  @Option(help: "How long an attempt may run: 30s, 1h30m.", transform: Quantities.span)
  var timeout: Duration?

  @Option(help: "How long a stopped attempt may take to end by itself: 5s.", transform: Quantities.span)
  var grace: Duration?

  @Option(help: "How many attempts the job has.", transform: Quantities.count)
  var attempts: Int?

  @Option(
    help: "The wait before the second attempt; doubled for each one after that.", transform: Quantities.span)
  var retryDelay: Duration?

  @OptionGroup var retry: RetryOptions

  @Option(help: "1 to 10; higher is sooner.", transform: Quantities.priority)
  var priority: Int?

  @Option(name: .customLong("class"), help: "A division of the handler's jobs, for learning what they need.")
  var jobClass: String?

  @Option(
    name: .customLong("label"), help: "A word to find it by: key=value. May be repeated.",
    transform: Quantities.pair)
  var labels: [(key: String, value: String)] = []

  @Option(help: "The earliest start: +10m, '2026-08-01 14:30', RFC 3339.", transform: Moment.future)
  var notBefore: Timestamp?

  @Option(help: "Another submission with this key gets the same job, as long as the key holds.")
  var key: String?

  @Option(help: ArgumentHelp("Among which jobs the key is looked for: handler (as default) or global."))
  var keyScope: JobKey.Scope?

  @Option(help: "How long the key holds: 24h (as default).", transform: Quantities.span)
  var keyWindow: Duration?

  @Flag(help: "The key holds until the job has ended; without --key, the same work has the same key.")
  var unique = false

  @Option(help: "The group that it is in; one that is not configured runs one job at a time, in order.")
  var group: String?

  @Flag(help: "Hold it until it is released.")
  var hold = false

  @Option(help: "Start it from the warm host that is prepared for this key, if the handler knows of keys.")
  var affinity: String?

  @Option(help: "Where it may run: local, slurm, or auto (here while the queue is short, else in Slurm).")
  var place: Placement?

  @Option(
    help: "A job that must have ended before: ok:41, any:41 or failed:41. May be repeated.",
    transform: Quantities.dependency)
  var after: [DependencyView] = []

  @Option(help: "What becomes of it if one of these can't be met any more: cancel (as default) or hold.")
  var onDependencyFailure: Dependency.Failure?

  /// Returns `request` with these put where it says nothing.
  func fill(_ request: SubmitRequest) throws -> SubmitRequest {
    var request = retry.fill(request)
    if request.input == nil, let input { request.input = Data(try InputFile.bytes(input)) }
    request.memoryBytes = request.memoryBytes ?? memory?.rawValue
    request.cpuMillis = request.cpuMillis ?? cpu
    request.pids = request.pids ?? pids.map(Int64.init)
    if request.io == nil, !io.isEmpty { request.io = io }
    request.timeoutSeconds = request.timeoutSeconds ?? timeout?.seconds
    request.graceSeconds = request.graceSeconds ?? grace?.seconds
    request.maxAttempts = request.maxAttempts ?? attempts
    request.retryDelaySeconds = request.retryDelaySeconds ?? retryDelay?.seconds
    request.priority = request.priority ?? priority
    request.jobClass = request.jobClass ?? jobClass
    if !labels.isEmpty {
      let ours = Dictionary(labels.map { ($0.key, $0.value) }) { $1 }
      request.labels = (request.labels ?? [:]).merging(ours) { theirs, _ in theirs }
    }
    if request.after == nil, !after.isEmpty { request.after = after }
    request.onDependencyFailure = request.onDependencyFailure ?? onDependencyFailure?.rawValue
    request.notBefore = request.notBefore ?? notBefore.map(Wire.text(of:))
    request.key = request.key ?? key
    request.keyScope = request.keyScope ?? keyScope?.rawValue
    request.keyWindowSeconds = request.keyWindowSeconds ?? keyWindow?.seconds
    if unique { request.unique = request.unique ?? true }
    request.group = request.group ?? group
    if hold { request.hold = request.hold ?? true }
    request.affinity = request.affinity ?? affinity
    request.place = request.place ?? place?.rawValue
    return request
  }
}

extension JobKey.Scope: ExpressibleByArgument {}
extension Placement: ExpressibleByArgument {}
extension Dependency.Failure: ExpressibleByArgument {}

extension SubmitRequest {
  /// Returns this request with what a template says where this one says nothing.
  func filled(from template: SubmitRequest) -> SubmitRequest {
    var request = template
    request.input = input ?? template.input
    request.memoryBytes = memoryBytes ?? template.memoryBytes
    request.cpuMillis = cpuMillis ?? template.cpuMillis
    request.pids = pids ?? template.pids
    request.io = io ?? template.io
    request.timeoutSeconds = timeoutSeconds ?? template.timeoutSeconds
    request.graceSeconds = graceSeconds ?? template.graceSeconds
    request.maxAttempts = maxAttempts ?? template.maxAttempts
    request.retryDelaySeconds = retryDelaySeconds ?? template.retryDelaySeconds
    request.priority = priority ?? template.priority
    request.jobClass = jobClass ?? template.jobClass
    if let labels { request.labels = labels.merging(template.labels ?? [:]) { ours, _ in ours } }
    request.notBefore = notBefore
    (request.key, request.keyScope, request.keyWindowSeconds) = (key, keyScope, keyWindowSeconds)
    (request.unique, request.hold) = (unique, hold)
    request.group = group ?? template.group
    request.affinity = affinity ?? template.affinity
    request.place = place ?? template.place
    request.after = after
    request.onDependencyFailure = onDependencyFailure
    return request
  }
}

/// The handler of a job and its parameters, as words.
struct RequestWords: ParsableArguments {
  @Argument(help: "What shall do it; `millrace handlers` lists them.")
  var handler: String?

  @Argument(
    help: ArgumentHelp(
      "Parameters: key=value as the handler's schema types it, or key:=JSON. Words after -- make `command`.",
      valueName: "key=value"))
  var parameters: [String] = []

  /// The words after `--`; `expand` makes this option of them.
  @Option(help: .hidden)
  var command: [String] = []

  /// Returns arguments with each word after the first `--` as `--command=+WORD`: the parser can't tell
  /// them from the words before it, and takes no empty ones.
  static func expand(_ arguments: [String]) -> [String] {
    guard let end = arguments.firstIndex(of: "--") else { return arguments }
    return arguments[..<end] + arguments[(end + 1)...].map { "--command=+\($0)" }
  }

  var isEmpty: Bool { handler == nil && parameters.isEmpty && command.isEmpty }

  /// Returns the request that they make.
  func request() throws -> SubmitRequest {
    guard let handler else {
      throw CommandError(.usage, "which handler?", hint: "`millrace handlers` lists them")
    }
    var request = SubmitRequest(handler: handler)
    var arguments: [JobRequest.Argument] = []
    var typed: [String: JSONValue] = [:]
    for word in parameters {
      guard let equals = word.firstIndex(of: "="), equals != word.startIndex, !word.hasPrefix(":=") else {
        throw CommandError(
          .usage, "`\(word)` is no parameter",
          hint: "write key=value, or put the words of a command after `--`")
      }
      let value = String(word[word.index(after: equals)...])
      if word[..<equals].hasSuffix(":") {
        let name = String(word[..<equals].dropLast())
        guard typed.updateValue(try Self.json(value, of: name), forKey: name) == nil else {
          throw CommandError(.usage, "`\(name):=` is given twice")
        }
      } else {
        arguments.append(.init(name: String(word[..<equals]), value: value))
      }
    }
    arguments += command.map { .init(name: "command", value: String($0.dropFirst())) }
    if !arguments.isEmpty { request.arguments = arguments }
    if !typed.isEmpty { request.parameters = typed }
    return request
  }

  static func json(_ text: String, of name: String) throws -> JSONValue {
    do {
      return try Wire.decoder().decode(JSONValue.self, from: Data(text.utf8))
    } catch {
      throw CommandError(
        .usage, "the value of `\(name):=` is no JSON: `\(text)`", hint: "`\(name)=\(text)` takes plain text")
    }
  }
}
