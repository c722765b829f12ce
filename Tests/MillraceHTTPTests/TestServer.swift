import Logging
import MillraceEngine
import MillraceHTTP
import ServiceLifecycle
import Synchronization
import TestSupport

/// A real server on a real socket in a directory of its own.
struct TestServer {
  let service: FakeJobService
  let path: String
  let log: LogLines
  private let group: ServiceGroup
  private let ended: AsyncStream<Void>

  /// Runs a server around a test.
  static func with(
    _ service: FakeJobService = FakeJobService(), settings: (any SettingsFiles)? = nil,
    keeping: (any RecordKeeping)? = nil, schedules: (any ScheduleService)? = nil,
    events: (any EventService)? = nil, authentication: (any MessageAuthentication)? = nil,
    metrics: (any MetricsSource)? = nil, transitions: (any TransitionStore)? = nil,
    audit: (any AuditStore)? = nil, configure: (inout APIServer.Configuration) -> Void = { _ in },
    _ body: @Sendable (TestServer) async throws -> Void
  ) async throws {
    let directory = try TemporaryDirectory()
    var configuration = APIServer.Configuration(socketPath: directory.path + "/run/m.sock")
    configure(&configuration)
    let (ready, source) = AsyncStream<Void>.makeStream()
    let (ended, end) = AsyncStream<Void>.makeStream()
    let lines = LogLines()
    let server = APIServer(
      serving: service, settings: settings, keeping: keeping, schedules: schedules,
      events: events, authentication: authentication, metrics: metrics, transitions: transitions,
      audit: audit, configuration: configuration,
      logger: Logger(label: "test") { _ in lines.handler },
      onReady: { source.finish() })
    let group = ServiceGroup(services: [server], logger: Logger(label: "test") { _ in lines.handler })
    let test = TestServer(
      service: service, path: configuration.socketPath, log: lines, group: group, ended: ended)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask {
        defer {
          source.finish()
          end.finish()
        }
        try await group.run()
      }
      for await _ in ready {}
      do {
        try await body(test)
      } catch {
        await group.triggerGracefulShutdown()
        throw error
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
    withExtendedLifetime(directory) {}
  }

  /// Returns when the socket is gone, which is the last thing that a stopping server does.
  func stopped() async { for await _ in ended {} }

  func stop() async { await group.triggerGracefulShutdown() }

  /// Sends one request and reads its answer.
  func request(
    _ method: String, _ target: String, headers: [String] = [], body: String? = nil
  ) async throws -> HTTPReply {
    let client = try SocketClient(path: path)
    try await client.send(Self.text(of: method, target, headers: headers, body: body))
    return try await client.reply(hasBody: method != "HEAD")
  }

  static func text(of method: String, _ target: String, headers: [String] = [], body: String? = nil) -> String
  {
    var lines = ["\(method) \(target) HTTP/1.1", "Host: millrace"] + headers
    if let body { lines.append("Content-Length: \(body.utf8.count)") }
    return lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? "")
  }
}

/// What was logged, from `notice` on.
final class LogLines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }
  var handler: any LogHandler { Handler(lines: self) }

  private struct Handler: LogHandler {
    let lines: LogLines
    var logLevel = Logger.Level.notice
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let words = (event.metadata ?? [:]).map { "\($0.key)=\($0.value)" }.sorted()
      lines.lines.withLock { $0.append("\(event.level) \(event.message) \(words.joined(separator: " "))") }
    }
  }
}
