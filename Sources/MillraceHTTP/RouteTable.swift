import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceWire

/// The addresses of the API and what can be done with each.
struct RouteTable {
  private let router: Router<APIContext>
  /// The methods of each path pattern, for the answer to a wrong one.
  private(set) var methods: [(pattern: [Substring], methods: [HTTPRequest.Method])] = []

  init(router: Router<APIContext>) { self.router = router }

  /// Whether an address has parameters behind a `?`, which what answers it reads and checks.
  enum Query { case none, read }

  /// Adds an address: `path` is below the version unless `prefix` is another, `:id` stands for any one part.
  mutating func add(
    _ method: HTTPRequest.Method, _ path: String, below prefix: String = Wire.prefix, query: Query = .none,
    use respond: @escaping @Sendable (Request, APIContext) async throws -> Response
  ) {
    let path = prefix + path
    router.on(RouterPath(path), method: method) { request, context in
      if query == .none, let item = try request.queryItems.first {
        throw Refusal(.invalid, "there is no parameter `\(item.name)`", hint: "`\(path)` takes none")
      }
      return try await respond(request, context)
    }
    let pattern = path.split(separator: "/")
    let added = method == .get ? [.get, .head] : [method]
    if let index = methods.firstIndex(where: { $0.pattern == pattern }) {
      methods[index].methods += added
    } else {
      methods.append((pattern, added))
    }
  }
}

/// Tells a wrong method from a wrong address; it is reached only when no route fits.
struct MethodMiddleware: RouterMiddleware {
  let table: [(pattern: [Substring], methods: [HTTPRequest.Method])]

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
    throw MethodNotAllowed(method: request.method.rawValue, allowed: row.methods.map(\.rawValue))
  }
}

/// A known address with a method that it does not have.
struct MethodNotAllowed: Error {
  let method: String
  let allowed: [String]
}
