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

  /// Returns `request` with these put where it says nothing.
  func fill(_ request: SubmitRequest) throws -> SubmitRequest {
    var request = request
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
    request.notBefore = request.notBefore ?? notBefore.map(Wire.text(of:))
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

  private static func json(_ text: String, of name: String) throws -> JSONValue {
    do {
      return try Wire.decoder().decode(JSONValue.self, from: Data(text.utf8))
    } catch {
      throw CommandError(
        .usage, "the value of `\(name):=` is no JSON: `\(text)`", hint: "`\(name)=\(text)` takes plain text")
    }
  }
}
