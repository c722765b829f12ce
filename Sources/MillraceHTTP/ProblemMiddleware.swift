import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import MillraceCore
import MillraceWire
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// Makes of every error an answer as RFC 9457 wants it; errors of ours are logged here, once.
struct ProblemMiddleware: RouterMiddleware {
  let logger: Logger

  func handle(
    _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    do {
      return try await next(request, context)
    } catch let error as HTTPParserError {
      throw error  // The connection's loop answers this one, and closes.
    } catch {
      return try answer(error, to: request)
    }
  }

  private func answer(_ error: any Error, to request: Request) throws -> Response {
    var headers: HTTPFields = [:]
    if let error = error as? MethodNotAllowed { headers[.allow] = error.allowed.joined(separator: ", ") }
    let known = Problem(answering: error, to: request)
    if known == nil {
      logger.error(
        "a request failed",
        metadata: [
          "method": "\(request.method.rawValue)", "path": "\(request.uri.path)", "error": "\(error)",
        ])
    }
    let problem =
      known ?? .plain(500, "internal error", "the runner failed to answer; its log says why")
    if let seconds = problem.kind?.retryAfterSeconds { headers[.retryAfter] = "\(seconds)" }
    if problem.status == 429 { headers[.retryAfter] = "\(FailureLimit.span.components.seconds)" }
    // RFC 9110, 15.5.2, wants to have it said how; there is no registered scheme for signed bodies.
    if problem.status == 401 { headers[.wwwAuthenticate] = problem.isOfToken ? "Bearer" : "HMAC-SHA256" }
    headers[.contentType] = "application/problem+json"
    return try Response(json: problem, status: .init(code: problem.status), headers: headers)
  }
}

extension Problem {
  /// Makes the answer to an error; nil for one that is ours.
  init?(answering error: any Error, to request: Request) {
    switch error {
    case let error as Problem: self = error
    case let refusal as Refusal: self.init(refusal)
    case let error as MethodNotAllowed:
      self = .plain(405, "method not allowed", "`\(request.uri.path)` can't be asked to \(error.method)")
    case let error as HTTPError where error.status == .notFound:
      self = .plain(404, "not found", "there is no address `\(request.uri.path)`")
    case is CancellationError where Task.isShuttingDownGracefully:
      self.init(Refusal(.draining, "the runner is shutting down"))
    default: return nil
    }
  }

  /// Makes a problem that says no more than its HTTP status.
  static func plain(_ status: Int, _ title: String, _ detail: String, hint: String? = nil) -> Problem {
    Problem(type: "about:blank", title: title, status: status, detail: detail, hint: hint)
  }
}

extension Refusal.Kind {
  /// When it makes sense to try again; nil if it doesn't.
  fileprivate var retryAfterSeconds: Int? {
    switch self {
    case .queueFull: 5
    case .starting: 1
    case .draining: 10
    case .notFound, .invalid, .neverAdmissible, .tooLarge, .storage, .conflict, .changed: nil
    }
  }
}

extension Response {
  /// Makes an answer of a value in the API's JSON.
  init(json value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws {
    var headers = headers
    if headers[.contentType] == nil { headers[.contentType] = "application/json" }
    let bytes = try Wire.encoder().encode(value)
    self.init(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
