import FoundationEssentials
import Glibc
import PluginRecording

/// One handler of a plugin that ships, run by `plugin-harness` in a process of its own.
struct PluginRun {
  /// What it said, in order.
  var events: [PluginEvent]
  /// What the process wrote to its standard output and error: the job's log.
  var output: String
  /// How the process ended, as waitpid tells it.
  var status: Int32

  /// Why it failed: the code; nil if it did not.
  var failureCode: String? { failure?.code }

  /// Why it failed; nil if it did not.
  var failure: (code: String, message: String, isRetryable: Bool)? {
    for case .failure(let code, let message, let isRetryable) in events {
      return (code, message, isRetryable)
    }
    return nil
  }

  /// Its result as bytes; nil if it has none.
  var result: [UInt8]? {
    for case .result(let bytes, _) in events.reversed() { return Array(bytes) }
    return nil
  }

  /// Its result as text; nil if it has none.
  var text: String? { result.map { String(decoding: $0, as: UTF8.self) } }

  /// The media type of its result; nil if it has none.
  var mediaType: String? {
    for case .result(_, let mediaType) in events.reversed() { return mediaType }
    return nil
  }

  /// Its result as a value whose properties are the members in camel case; nil if it has none.
  func decoded<Report: Decodable>(_ type: Report.Type) throws -> Report? {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try result.map { try decoder.decode(type, from: Data($0)) }
  }

  /// The fractions that it reported.
  var fractions: [Double] {
    events.compactMap { if case .progress(let fraction, _) = $0 { fraction } else { nil } }
  }

  /// The fields of its log lines of one level.
  func fields(level: Int32) -> [[[String]]] {
    events.compactMap { if case .log(level, _, let fields) = $0 { fields } else { nil } }
  }
}

/// What a handler that is to be run is given beside its parameters.
struct Surroundings {
  /// The library's file, if it is not among the products.
  var library: String?
  var input: [UInt8]?
  var user: UInt32?
  var isAlone = false
  var refusesResults = false
  var traceParent: String?
  var checkpoint: String?
  var outputs: [String: String] = [:]
  /// Variables of its environment: what the operator says in the plugin's sidecar.
  var environment: [String: String] = [:]
  /// Asked at each event: whether SIGTERM is to be sent to the processes of the job now.
  var stopsAt: (PluginEvent) -> Bool = { _ in false }
  /// The command that runs it, made of the program and its argument.
  var command: (_ harness: String, _ request: String) -> [String] = { [$0, $1] }
}

/// The directory of the test program, where the plugins are too.
let productsDirectory: String = {
  var path = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
  let length = readlink("/proc/self/exe", &path, path.count - 1)
  precondition(length > 0, "cannot read the name of the test program")
  let name = String(decoding: path[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return String(name.prefix(upTo: name.lastIndex(of: "/") ?? name.endIndex))
}()

/// Runs a handler of the plugin `library` and waits for its end.
func run(
  _ handler: String, of library: String, _ parameters: String = "{}", in surroundings: Surroundings = .init()
) throws -> PluginRun {
  let directory = try TemporaryDirectory()
  var request = PluginRequest(
    library: surroundings.library ?? "\(productsDirectory)/lib\(library).so", handler: handler,
    parameters: parameters,
    workDirectory: directory.path + "/work")
  guard mkdir(request.workDirectory, 0o755) == 0 else { throw TemporaryDirectory.CannotMake(errno: errno) }
  request.user = surroundings.user
  request.isAlone = surroundings.isAlone
  request.refusesResults = surroundings.refusesResults
  request.traceParent = surroundings.traceParent
  request.checkpoint = surroundings.checkpoint
  request.outputs = surroundings.outputs
  if let input = surroundings.input { request.input = try directory.write("input", input) }
  let file = try directory.write("request", try JSONEncoder().encode(request))
  let output = directory.path + "/output"
  let variables = surroundings.environment.map { "\($0.key)=\($0.value)" }
  let command = surroundings.command("\(productsDirectory)/plugin-harness", file)
  let child = try Child(
    variables.isEmpty ? command : ["env"] + variables + command, output: output, channel: true)
  var isStopped = false
  var events: [PluginEvent] = []
  while let line = child.nextLine() {
    let event = try JSONDecoder().decode(PluginEvent.self, from: Data(line))
    events.append(event)
    guard !isStopped, surroundings.stopsAt(event) else { continue }
    isStopped = true
    child.signalGroup(SIGTERM)
  }
  let status = child.wait()
  return PluginRun(events: events, output: try String(contentsOfFile: output), status: status)
}

/// Runs an ordinary program; returns what it wrote and its wait status.
func execute(_ arguments: [String], in directory: String) throws -> (output: String, status: Int32) {
  let scratch = try TemporaryDirectory()
  let output = scratch.path + "/output"
  let child = try Child(["env", "--chdir=\(directory)"] + arguments, output: output)
  let status = child.wait()
  return (try String(contentsOfFile: output), status)
}

extension String {
  /// Reads a whole file as UTF-8.
  init(contentsOfFile path: String) throws {
    self.init(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
  }
}
