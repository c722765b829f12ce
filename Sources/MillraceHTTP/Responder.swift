import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
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

  /// The time as HTTP wants it (RFC 9110, 5.6.7); the language of the process is C.
  private static func date() -> String {
    var now = time(nil)
    var fields = tm()
    gmtime_r(&now, &fields)
    var text = [CChar](repeating: 0, count: 40)
    let length = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &fields)
    return String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
