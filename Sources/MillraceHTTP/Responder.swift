import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import MillraceCore
import MillraceWire
import NIOCore
import NIOHTTP1

/// Answers requests with the routes.
///
/// It does what Hummingbird's `Application` does, without the timer that ticks there once a second for the
/// `Date` header: an idle runner sleeps.
struct Responder: Sendable {
  let routes: RouterResponder<APIContext>
  let logger: Logger

  /// A request that broke off while it was being answered; the answer has begun, so no other can be sent.
  private struct BrokenRequest: Error {}

  func respond(
    to request: Request, with writer: consuming ResponseWriter, on channel: any Channel
  ) async throws {
    let context = APIContext(source: ApplicationRequestContextSource(channel: channel, logger: logger))
    var response = try await routes.respond(to: request, context: context)
    response.headers[.date] = Self.date()
    do {
      try await writer.write(response: response.head, body: response.body)
    } catch is HTTPParserError {
      throw BrokenRequest()
    }
  }

  private static func date() -> String {
    Wire.httpDate(of: Timestamp(microseconds: Int64(time(nil)) * 1_000_000))
  }
}
