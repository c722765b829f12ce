import Logging

/// Writes to journald what is logged, each piece of metadata a field of its own:
/// `journalctl MILLRACE_ATTEMPT=42.1`. Where that is not taken, it goes to standard error, which the journal
/// has, too.
struct JournalLog: LogHandler {
  private let journal: JournalSocket
  private let label: String
  private var plain: StreamLogHandler

  init(label: String, journal: JournalSocket) {
    self.journal = journal
    self.label = label
    plain = StreamLogHandler.standardError(label: label)
    plain.logLevel = .trace
  }

  var logLevel: Logger.Level {
    get { plain.logLevel }
    set { plain.logLevel = newValue }
  }

  var metadata: Logger.Metadata {
    get { plain.metadata }
    set { plain.metadata = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { plain[metadataKey: key] }
    set { plain[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) {
    var all = metadata
    if let more = event.metadata { all.merge(more) { $1 } }
    let sorted = all.sorted { $0.key < $1.key }.map { (name: $0.key, value: "\($0.value)") }
    // Who only reads the message shall know as much.
    let tail = sorted.map { " \($0.name)=\($0.value)" }.joined()
    let fields =
      [
        ("MESSAGE", "\(event.message)\(tail)"), ("PRIORITY", "\(Self.priority(of: event.level))"),
        ("SYSLOG_IDENTIFIER", "millraced"), ("LOGGER", label),
      ] + sorted.map { (Self.field(named: $0.name), $0.value) }
    if !journal.send(fields) { plain.log(event: event) }
  }

  /// As syslog(3) counts: the lower, the worse.
  static func priority(of level: Logger.Level) -> Int {
    switch level {
    case .critical: 2
    case .error: 3
    case .warning: 4
    case .notice: 5
    case .info: 6
    case .debug, .trace: 7
    }
  }

  /// Names of fields have capitals, digits and underscores; those of ours begin with what nobody else's do.
  static func field(named key: String) -> String {
    let name = key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" }
    return String(("MILLRACE_" + String(name)).prefix(64))
  }
}
