import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import MillraceCore
import MillraceEngine
import MillraceWire

/// What changes, told as it does: server-sent events.
struct LiveRoutes: Sendable {
  /// Nil if this runner tells of nothing.
  let feed: (any TransitionStore)?
  let times: EventStream.Times
  let logger: Logger
  private let texts = EventTexts()

  init(feed: (any TransitionStore)?, times: EventStream.Times, logger: Logger) {
    self.feed = feed
    self.times = times
    self.logger = logger
  }

  func add(to routes: inout RouteTable) { routes.show("/events/stream", query: .read, use: stream) }

  @Sendable private func stream(_ request: Request, _ context: APIContext) async throws -> Response {
    guard let feed else { throw Refusal(.conflict, "this runner tells of nothing that changes") }
    let query = try LiveQuery(queryItems: request.queryItems, lastEventID: request.headers[.lastEventID])
    guard let stream = EventStream(query, of: feed, texts: texts, times: times) else {
      throw Problem.plain(
        503, "too many streams", "\(LiveFeed.mostListeners) clients follow what changes already",
        hint: "close one of them; one stream can tell of all jobs")
    }
    let headers: HTTPFields = [
      .contentType: "text/event-stream", .cacheControl: "no-store", .xContentTypeOptions: "nosniff",
      .connection: "close",
    ]
    return Response(
      status: .ok, headers: headers,
      body: ResponseBody(to: request.body) { output in
        do {
          try await stream.send(to: output)
        } catch is EventStream.StalledReader {
          logger.notice("a client that follows events took none of them; its connection is cut")
          throw EventStream.StalledReader()
        }
      })
  }
}
