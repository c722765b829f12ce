import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire
import NIOCore

/// Finds out who asks. On the Unix socket the kernel says it; over TCP a token does.
///
/// A web page that a user of this machine looks at can send requests to it, too. It can't add the token, and
/// what it could do without one is kept from it by `Host` and `Origin`.
struct AccessMiddleware: RouterMiddleware {
  let rules: AccessRules
  let failures: FailureLimit

  func handle(
    _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    var context = context
    if let peer = try await PeerCredentials.read(from: context.channel) {
      // A browser is here only if somebody leads a port to the socket, for whoever reaches that port.
      if request.headers[.origin] != nil { try checkSite(of: request) }
      context.principal = try rules.principal(peer)
    } else {
      context.principal = try principal(of: request, from: context.channel.remoteAddress)
    }
    return try await next(request, context)
  }

  /// Returns who has the token of a request; nil if it has none.
  private func principal(of request: Request, from address: SocketAddress?) throws -> Principal? {
    try checkSite(of: request)
    guard let text = request.headers[.authorization] else { return nil }
    let host = address?.ipAddress ?? "nowhere"
    if let seconds = failures.wait(of: host) { throw Problem.tooManyFailures(retryAfter: seconds) }
    let parts = text.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer",
      let holder = try rules.tokens?.holder(of: String(parts[1]))
    else {
      failures.note(host)
      throw Problem.unauthenticated("this token is nobody's")
    }
    return Principal(
      name: "token:\(holder.name)", role: holder.role, origin: "\(host):\(address?.port ?? 0)")
  }

  /// Refuses what a browser sends in the name of another site: one whose name was made to lead here (`Host`),
  /// and one that a page is of (`Origin`, https://www.rfc-editor.org/rfc/rfc6454).
  private func checkSite(of request: Request) throws {
    guard let authority = request.head.authority, let host = Self.host(of: authority),
      Self.ownHosts.contains(host) || rules.hosts.contains(host)
    else {
      throw Problem.forbidden(
        "`Host` names no name of this runner",
        hint: "name it in the runner's setting `access.hosts`")
    }
    guard let origin = request.headers[.origin] else { return }
    guard origin == "http://\(authority)" || origin == "https://\(authority)" else {
      throw Problem.forbidden("a page of `\(origin)` may not call this runner")
    }
  }

  private static let ownHosts: Set<String> = ["localhost", "127.0.0.1", "[::1]"]

  /// The name in `name:port`, in small letters; nil if it is none.
  static func host(of authority: String) -> String? {
    let text = authority.lowercased()
    let end =
      text.hasPrefix("[") ? text.firstIndex(of: "]").map(text.index(after:)) : text.firstIndex(of: ":")
    let name = text[..<(end ?? text.endIndex)]
    return name.isEmpty ? nil : String(name)
  }
}

extension Problem {
  /// Makes the refusal of somebody who is known.
  static func forbidden(_ detail: String, hint: String? = nil) -> Problem {
    Problem(type: "urn:millrace:forbidden", title: "forbidden", status: 403, detail: detail, hint: hint)
  }

  /// Whether a token would help.
  var isOfToken: Bool { type == "urn:millrace:unauthenticated" }

  /// Makes the refusal of somebody who is not known.
  static func unauthenticated(_ detail: String) -> Problem {
    Problem(
      type: "urn:millrace:unauthenticated", title: "unauthenticated", status: 401, detail: detail,
      hint: "send `Authorization: Bearer TOKEN`; `millrace token new` makes one")
  }

  fileprivate static func tooManyFailures(retryAfter seconds: Int) -> Problem {
    Problem(
      type: "urn:millrace:too_many_failures", title: "too many failures", status: 429,
      detail: "too many tokens from this address were wrong", hint: "try again in \(seconds) s")
  }
}
