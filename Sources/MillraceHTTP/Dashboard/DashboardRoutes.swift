import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceWire

/// The dashboard: a page that shows what the API tells it, to who has a right to it.
///
/// The page has no data in it and needs no token; what it asks `/v1` for is checked there.
struct DashboardRoutes: Sendable {
  /// Nil if they could not be read.
  let files: DashboardFiles?

  func add(to routes: inout RouteTable) {
    routes.show("/", below: "", needs: .nothing) { request, _ in
      try answer(request, with: try known.page)
    }
    routes.show("/assets/:name", below: "", needs: .nothing) { request, context in
      guard let file = try known.assets[context.name] else { throw HTTPError(.notFound) }
      return try answer(request, with: file)
    }
  }

  private var known: DashboardFiles {
    get throws {
      guard let files else {
        throw Problem.plain(
          404, "no dashboard", "the files of the dashboard are not where the runner looks for them",
          hint: "`make build` puts them beside `millraced`; the setting `dashboard` names another directory")
      }
      return files
    }
  }

  private func answer(_ request: Request, with file: DashboardFiles.File) throws -> Response {
    var headers = Self.headers
    headers[.eTag] = EntityTags.text(of: file.revision)
    if try EntityTags.isKnown(file.revision, to: request) {
      return Response(status: .notModified, headers: headers)
    }
    headers[.contentType] = file.mediaType
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: file.content))
  }

  /// Nothing from elsewhere is loaded, nothing in the page's text is run, no other page may frame it.
  static let policy = """
    default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'
    """

  private static let headers: HTTPFields = {
    var headers: HTTPFields = [
      .contentSecurityPolicy: policy, .xContentTypeOptions: "nosniff", .cacheControl: "no-cache",
    ]
    if let name = HTTPField.Name("Referrer-Policy") { headers[name] = "no-referrer" }
    return headers
  }()
}
