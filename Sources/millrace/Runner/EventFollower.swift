import Glibc
import MillraceClient
import MillraceCore
import MillraceWire

/// Reads what changes, and comes again when the runner was away: behind what was printed last.
struct EventFollower {
  private var client: Client
  private var query: LiveQuery
  private let interrupts: Interrupts
  private let sink: (ServerSentEvent) throws -> Void
  private var reader = ServerSentEventReader()
  /// Whether the runner was there once: then it is waited for.
  private var wasThere = false
  /// Whether it was said that it is away.
  private var isAway = false

  /// How long to wait before the runner is looked for again.
  private static let pause = Duration.seconds(1)

  init(
    _ client: Client, _ query: LiveQuery, interrupts: Interrupts,
    sink: @escaping (ServerSentEvent) throws -> Void
  ) {
    self.client = client
    self.query = query
    self.interrupts = interrupts
    self.sink = sink
    self.client.interruption = Interruption(descriptor: interrupts.descriptor) {
      throw Ended(code: .success)
    }
  }

  /// Returns when all is told; if it follows, it ends by a throw only.
  /// - Throws: `Ended` (`success`) when somebody interrupts it; `ClientError` if the runner was never there.
  mutating func run() throws {
    while true {
      do {
        try read()
        guard query.follows else { return }
      } catch let error as ClientError {
        guard query.follows, wasThere, error.mayPass else { throw error }
      } catch let problem as Problem {
        guard query.follows, wasThere, problem.status == 503 else { throw problem }
      }
      if !isAway { StandardError.note("the runner is away; waiting for it") }
      isAway = true
      try wait()
    }
  }

  private mutating func read() throws {
    if let id = reader.lastID.flatMap({ Int64($0) }) { query.start = .after(id) }
    // What came of an event that was cut off comes again as a whole.
    var reader = ServerSentEventReader(lastID: reader.lastID)
    defer { self.reader = reader }
    try client.liveEvents(query) { bytes in
      (wasThere, isAway) = (true, false)
      try reader.feed(bytes, sink)
    }
  }

  private func wait() throws {
    var polled = pollfd(fd: interrupts.descriptor, events: Int16(POLLIN), revents: 0)
    if poll(&polled, 1, Int32(Self.pause.milliseconds)) > 0 { throw Ended(code: .success) }
  }
}

extension ClientError {
  /// Whether a runner that comes back may answer.
  fileprivate var mayPass: Bool {
    switch self {
    case .unreachable, .timedOut, .closedEarly, .failed: true
    case .notPermitted, .malformed, .tooLarge: false
    }
  }
}
