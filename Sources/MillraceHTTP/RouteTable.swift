import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceWire

/// The addresses of the API, what can be done with each, and who may.
struct RouteTable {
  private let router: Router<APIContext>
  private let guardian: Guardian
  /// What each path pattern can be asked for, and what that takes.
  private(set) var rows: [Row] = []

  /// A path pattern and its methods.
  struct Row: Sendable {
    var pattern: [Substring]
    var needs: [(method: HTTPRequest.Method, need: Need)]
  }

  /// Whether an address has parameters behind a `?`, which what answers it reads and checks.
  enum Query { case none, read }

  init(router: Router<APIContext>, guardian: Guardian) {
    self.router = router
    self.guardian = guardian
  }

  /// Adds an address that shows something. `audits` is true for what hardly anybody shall see.
  mutating func show(
    _ path: String, below prefix: String = Wire.prefix, query: Query = .none,
    needs need: Need = .role(.viewer), audits: Bool = false,
    use respond: @escaping @Sendable (Request, APIContext) async throws -> Response
  ) {
    add(.get, prefix + path, needs: need) { [guardian] request, context in
      try await guardian.pass(request, context, needs: need, audits: audits) { request, context in
        if query == .none { try Self.refuseParameters(of: request) }
        return try await respond(request, context)
      }
    }
  }

  /// Adds an address that changes something. `audits` is false for what is on record with who did it anyway.
  mutating func change(
    _ path: String, by method: HTTPRequest.Method = .post, needs need: Need, audits: Bool = true,
    use respond: @escaping @Sendable (Request, APIContext) async throws -> Response
  ) {
    add(method, Wire.prefix + path, needs: need) { [guardian] request, context in
      try await guardian.pass(request, context, needs: need, audits: audits) { request, context in
        try Self.refuseParameters(of: request)
        return try await respond(request, context)
      }
    }
  }

  private static func refuseParameters(of request: Request) throws {
    guard let item = try request.queryItems.first else { return }
    throw Refusal(
      .invalid, "there is no parameter `\(item.name)`", hint: "`\(request.uri.path)` takes none")
  }

  /// `:id` in a path stands for any one part.
  private mutating func add(
    _ method: HTTPRequest.Method, _ path: String, needs need: Need,
    use respond: @escaping @Sendable (Request, APIContext) async throws -> Response
  ) {
    router.on(RouterPath(path), method: method, use: respond)
    let pattern = path.split(separator: "/")
    let added = (method == .get ? [.get, .head] : [method]).map { (method: $0, need: need) }
    if let index = rows.firstIndex(where: { $0.pattern == pattern }) {
      rows[index].needs += added
    } else {
      rows.append(Row(pattern: pattern, needs: added))
    }
  }
}

/// Tells a wrong method from a wrong address; it is reached only when no route fits.
struct MethodMiddleware: RouterMiddleware {
  let table: [RouteTable.Row]

  func handle(
    _ request: Request, context: APIContext, next: (Request, APIContext) async throws -> Response
  ) async throws -> Response {
    let parts = request.uri.path.split(separator: "/")
    let matching = table.filter { row in
      row.pattern.count == parts.count
        && zip(row.pattern, parts).allSatisfy { $0.hasPrefix(":") || $0 == $1 }
    }
    // The pattern without a variable part is the one that the router prefers.
    let literal = matching.first { !$0.pattern.contains { $0.hasPrefix(":") } }
    guard let row = literal ?? matching.first else { return try await next(request, context) }
    throw MethodNotAllowed(method: request.method.rawValue, allowed: row.needs.map(\.method.rawValue))
  }
}

/// A known address with a method that it does not have.
struct MethodNotAllowed: Error {
  let method: String
  let allowed: [String]
}
