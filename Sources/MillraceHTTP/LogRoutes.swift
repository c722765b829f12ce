import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import MillraceCore
import MillraceEngine
import MillraceWire
import NIOCore
import ServiceLifecycle

/// The output of attempts, as it is or as it grows.
struct LogRoutes: Sendable {
  let service: any JobService
  let logger: Logger

  /// So many bytes are read and sent at a time.
  private static let pieceSize = 64 << 10

  func add(to routes: inout RouteTable) {
    routes.show("/jobs/:id/logs", query: .read, use: show)
  }

  @Sendable private func show(_ request: Request, _ context: APIContext) async throws -> Response {
    let (number, isFollowing) = try choice(of: request)
    let start = try QueryValue.lastEventID(request.headers[.lastEventID])
    let attempt = try await attempt(number, of: try context.jobID)
    var headers: HTTPFields = [
      .contentType: "text/plain; charset=utf-8", .xContentTypeOptions: "nosniff",
    ]
    if isFollowing {
      guard let pieces = try await service.logs.follow(attempt) else { throw Self.missing(attempt) }
      headers[.connection] = "close"
      if request.headers[.accept]?.contains("text/event-stream") ?? false {
        (headers[.contentType], headers[.cacheControl]) = ("text/event-stream", "no-store")
        return Response(
          status: .ok, headers: headers, body: telling(pieces, from: start ?? 0, to: request.body))
      }
      return Response(status: .ok, headers: headers, body: following(pieces, request.body))
    }
    guard let first = try await service.logs.read(attempt, from: 0, atMost: Self.pieceSize) else {
      throw Self.missing(attempt)
    }
    return Response(status: .ok, headers: headers, body: reading(attempt, from: first))
  }

  private func choice(of request: Request) throws -> (attempt: Int?, isFollowing: Bool) {
    var attempt: Int?
    var isFollowing = false
    for (name, value) in try request.queryItems {
      switch (name, value) {
      case ("attempt", _): attempt = try QueryValue.count(name, value, 1...Int.max)
      case ("follow", "true"): isFollowing = true
      case ("follow", "false"): isFollowing = false
      case ("follow", _): throw Refusal(.invalid, "`follow` must be true or false, not `\(value)`")
      default: throw QueryValue.unknown(name)
      }
    }
    return (attempt, isFollowing)
  }

  private func attempt(_ number: Int?, of id: JobID) async throws -> AttemptID {
    let job = try await service.history.found(id)
    guard job.attempts > 0 else {
      throw Refusal(.notFound, "job \(id) is \(job.state.rawValue): there was no attempt yet")
    }
    let number = number ?? job.attempts
    guard number <= job.attempts else {
      throw Refusal(.notFound, "job \(id) has no attempt \(number)", hint: "the newest is \(job.attempts)")
    }
    return AttemptID(job: id, number: number)
  }

  /// Sends the log as it grows. The end of the body says that nothing more comes: the attempt has ended or
  /// the runner stops; the job's state tells which.
  private func following(_ pieces: AsyncStream<[UInt8]>, _ body: RequestBody) -> ResponseBody {
    ResponseBody(to: body) { output in
      for await piece in pieces { try await output.write(piece) }
    }
  }

  /// The same as server-sent events, each with the number of bytes up to its end: a client that comes again
  /// is told what comes behind. The event `end` says that the attempt has ended.
  private func telling(
    _ pieces: AsyncStream<[UInt8]>, from start: Int64, to body: RequestBody
  ) -> ResponseBody {
    ResponseBody(to: body) { output in
      try await output.write(ServerSentEvent.retry)
      var texts = LogTexts(from: start)
      for await piece in pieces {
        if let text = texts.take(piece) { try await output.write(Self.event(text, upTo: texts.end)) }
      }
      // Else the stream ends because the runner does.
      try Task.checkCancellation()
      if let text = texts.finish() { try await output.write(Self.event(text, upTo: texts.end)) }
      try await output.write(ServerSentEvent.text(Array("{}".utf8), id: texts.end, name: "end"))
    }
  }

  private static func event(_ text: LogTextView, upTo end: Int64) throws -> [UInt8] {
    ServerSentEvent.text(Array(try Wire.encoder().encode(text)), id: end)
  }

  private func reading(_ attempt: AttemptID, from first: [UInt8]) -> ResponseBody {
    ResponseBody { writer in
      var piece = first
      var offset: Int64 = 0
      while !piece.isEmpty {
        try await writer.write(ByteBuffer(bytes: piece))
        offset += Int64(piece.count)
        piece = try await nextPiece(of: attempt, from: offset)
      }
      try await writer.finish(nil)
    }
  }

  /// The head of the answer is sent already: all that is left is to note the error and to break off.
  private func nextPiece(of attempt: AttemptID, from offset: Int64) async throws -> [UInt8] {
    do {
      return try await service.logs.read(attempt, from: offset, atMost: Self.pieceSize) ?? []
    } catch {
      logger.error("a log can't be read", metadata: ["attempt": "\(attempt)", "error": "\(error)"])
      throw error
    }
  }

  private static func missing(_ attempt: AttemptID) -> Refusal {
    Refusal(.notFound, "attempt \(attempt) has no log", hint: "old logs are removed to save space")
  }
}
