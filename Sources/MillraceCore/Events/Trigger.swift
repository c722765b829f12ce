/// Which events a schedule makes jobs of, and how many events go into one job.
package struct Trigger: Sendable, Hashable {
  package var origin: Origin
  package var filter = EventFilter()
  package var gathering = Gathering()

  /// Where its events come from.
  package enum Origin: Sendable, Hashable {
    /// Anybody announces them; their type fits.
    case events(NamePattern)
    /// Files appear in a directory: written and closed there, or moved into it.
    case files(FileRule)
    /// Somebody calls its own address.
    case webhook(WebhookRule)
  }

  /// Which files.
  package struct FileRule: Sendable, Hashable {
    /// An absolute path.
    package var directory: String
    /// Which names fit.
    package var pattern = NamePattern(any: "*")
  }

  /// How callers show that they know the secret.
  package struct WebhookRule: Sendable, Hashable {
    package var signature: Signature
    /// The file with the secret: an absolute path.
    package var secretFile: String

    package enum Signature: String, Sendable, Hashable, CaseIterable {
      /// `X-Hub-Signature-256`: an HMAC with SHA-256 over the body.
      case github
      /// `webhook-signature`: an HMAC with SHA-256 over number, time and body
      /// (https://www.standardwebhooks.com).
      case standard
    }
  }

  /// Until when events are gathered for one job. Without any of them, each event makes its own.
  package struct Gathering: Sendable, Hashable {
    /// Until none has come for so long.
    package var debounce: Duration?
    /// Until there are so many.
    package var size: Int?
    /// Until the first has waited for so long.
    package var window: Duration?

    package init(debounce: Duration? = nil, size: Int? = nil, window: Duration? = nil) {
      self.debounce = debounce
      self.size = size
      self.window = window
    }

    package var isNeeded: Bool { debounce != nil || size != nil }

    /// No job is made of more events than that.
    package static let largest = 1000

    /// Returns when so many events make their job.
    func due(count: Int, first: Timestamp, last: Timestamp) -> Timestamp {
      if count >= min(size ?? Self.largest, Self.largest) { return first }
      let ends = [debounce.map { last + $0 }, window.map { first + $0 }].compactMap(\.self)
      return ends.min() ?? first
    }
  }
}
