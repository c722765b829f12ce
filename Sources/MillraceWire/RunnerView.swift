package import MillraceCore

/// The plugins in use and the files that were refused: `GET /v1/handlers`.
package struct HandlersView: Codable, Sendable, Equatable {
  package var plugins: [PluginView]
  package var refused: [RefusedPlugin]

  package init(plugins: [PluginView], refused: [RefusedPlugin]) {
    self.plugins = plugins
    self.refused = refused
  }
}

/// A plugin in use.
package struct PluginView: Codable, Sendable, Equatable {
  package var name: String
  package var version: String
  package var sha256: String
  package var path: String
  package var handlers: [HandlerView]
  /// The build in the plugin directory in whose place this one serves; nil if it is that.
  package var standsIn: StandInView?

  /// Makes the view of a plugin.
  package init(_ plugin: Plugin, breakers: [BreakerStanding] = []) {
    name = plugin.name
    version = plugin.version
    sha256 = plugin.sha256
    path = plugin.path
    standsIn = plugin.standsIn.map(StandInView.init)
    handlers = plugin.handlers.map { handler in
      HandlerView(handler, breaker: breakers.first { $0.handler == handler.name })
    }
  }
}

/// A handler that jobs can ask for; nil stands for the runner's default.
package struct HandlerView: Codable, Sendable, Equatable {
  package var name: String
  package var summary: String
  package var parameterSchema: JSONValue?
  package var memoryBytes: Int64?
  package var cpuMillis: Int64?
  package var pids: Int64?
  package var timeoutSeconds: Double?
  package var maxAttempts: Int?
  package var concurrency: Int?
  /// How often its jobs may start: `5/60s`.
  package var rate: String?
  /// What it does, if it is paused or stopping; nil if not.
  package var station: StationView?
  /// Nil while it has nothing to tell.
  package var breaker: BreakerView?

  /// Makes the view of a handler.
  package init(_ handler: Handler, breaker: BreakerStanding? = nil) {
    self.breaker = breaker.map(BreakerView.init)
    name = handler.name
    summary = handler.summary
    parameterSchema = handler.parameterSchema
    memoryBytes = handler.wishes.memory?.rawValue
    cpuMillis = handler.wishes.cpuMillis
    pids = handler.wishes.pids
    timeoutSeconds = handler.wishes.timeout?.seconds
    maxAttempts = handler.wishes.maxAttempts
    concurrency = handler.concurrency
    rate = handler.rate?.shortText
  }
}

/// An error as RFC 9457 wants it: `application/problem+json`.
package struct Problem: Error, Codable, Sendable, Equatable {
  /// `urn:millrace:` and the kind of refusal, or `about:blank`.
  package var type: String
  package var title: String
  /// The HTTP status.
  package var status: Int
  package var detail: String
  package var hint: String?
  /// Which request of a batch, from 0.
  package var index: Int?

  package init(
    type: String, title: String, status: Int, detail: String, hint: String? = nil, index: Int? = nil
  ) {
    self.type = type
    self.title = title
    self.status = status
    self.detail = detail
    self.hint = hint
    self.index = index
  }

  /// The kind of refusal; nil if this is another error.
  package var kind: Refusal.Kind? {
    guard type.hasPrefix(Self.kindPrefix) else { return nil }
    return Refusal.Kind(rawValue: String(type.dropFirst(Self.kindPrefix.count)))
  }

  private static let kindPrefix = "urn:millrace:"

  /// Makes the problem that a refusal is.
  package init(_ refusal: Refusal) {
    let (status, title) =
      switch refusal.kind {
      case .notFound: (404, "not found")
      case .invalid: (422, "invalid request")
      case .neverAdmissible: (422, "never admissible")
      case .tooLarge: (413, "too large")
      case .queueFull: (503, "queue full")
      case .starting: (503, "starting")
      case .draining: (503, "shutting down")
      case .storage: (507, "storage failed")
      case .conflict: (409, "conflict")
      case .changed: (412, "changed meanwhile")
      }
    self.init(
      type: Self.kindPrefix + refusal.kind.rawValue, title: title, status: status, detail: refusal.message,
      hint: refusal.hint, index: refusal.index)
  }
}
