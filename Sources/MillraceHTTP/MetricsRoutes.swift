import HTTPTypes
import Hummingbird
import HummingbirdCore
import MillraceEngine
import NIOCore

/// What scrapers read. It has no version in its address: scrapers know one place, and the format has its own.
struct MetricsRoutes: Sendable {
  let source: any MetricsSource

  func add(to routes: inout RouteTable) {
    routes.show("/metrics", below: "", use: show)
  }

  @Sendable private func show(_ request: Request, _ context: APIContext) async throws -> Response {
    let format = MetricsText(accept: request.headers[.accept])
    let text = format.text(of: await source.metrics())
    return Response(
      status: .ok, headers: [.contentType: format.mediaType, .vary: "Accept"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
