import Logging
import Synchronization

/// From which level on the runner logs; it can be changed while loggers are in use.
final class LogThreshold: Sendable {
  private let state: Mutex<Logger.Level>

  init(_ level: Logger.Level) { state = Mutex(level) }

  var level: Logger.Level {
    get { state.withLock { $0 } }
    set { state.withLock { $0 = newValue } }
  }
}

/// Writes to the journal, or else to standard error, what reaches a threshold that all of its kind share.
struct ThresholdLog: LogHandler {
  private let threshold: LogThreshold
  private var inner: any LogHandler
  /// Only set where one logger shall differ from the others.
  private var own: Logger.Level?

  init(label: String, threshold: LogThreshold, journal: JournalSocket? = nil) {
    self.threshold = threshold
    if let journal {
      inner = JournalLog(label: label, journal: journal)
    } else {
      inner = StreamLogHandler.standardError(label: label)
    }
    inner.logLevel = .trace
  }

  var logLevel: Logger.Level {
    get { own ?? threshold.level }
    set { own = newValue }
  }

  var metadata: Logger.Metadata {
    get { inner.metadata }
    set { inner.metadata = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { inner[metadataKey: key] }
    set { inner[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) { inner.log(event: event) }
}
