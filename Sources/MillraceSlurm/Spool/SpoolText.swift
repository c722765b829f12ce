import MillraceCore

/// A text of the spool: lines `word value`, of which unknown ones are passed over.
///
/// Whoever runs as the job's user may have written it: of a word that comes twice the first one counts, and a
/// value that makes no sense is none.
struct SpoolText {
  /// The most bytes of one.
  static let bound = 64 << 10
  private var values: [Substring: Substring] = [:]

  init(_ text: String) {
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      guard let word = parts.first, !word.isEmpty, values[word] == nil else { continue }
      values[word] = parts.count > 1 ? parts[1] : ""
    }
  }

  /// A text, for people: at most 1,000 characters, none of which controls anything.
  func words(_ word: String) -> String? {
    values[Substring(word)].map { text in
      String(
        text.unicodeScalars.prefix(1000).map {
          $0.properties.generalCategory == .control ? " " : Character($0)
        })
    }
  }

  func has(_ word: String) -> Bool { values[Substring(word)] != nil }

  /// A whole number that is not negative.
  func number(_ word: String) -> Int64? {
    values[Substring(word)].flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
  }

  func time(_ word: String) -> Timestamp? { number(word).map(Timestamp.init(microseconds:)) }

  func microseconds(_ word: String) -> Duration? { number(word).map { .microseconds($0) } }

  func node(_ word: String) -> String? { values[Substring(word)].flatMap { ClusterName($0)?.text } }
}

/// What a host says of itself, again and again.
struct HeartbeatText: Equatable {
  var count: Int64
  var node: String?

  init?(_ text: String) {
    let text = SpoolText(text)
    guard let count = text.number("count") else { return nil }
    self.count = count
    node = text.node("node")
  }
}

/// What a host says when it starts an attempt.
struct StartedText: Equatable {
  var node: String?
  var time: Timestamp?

  init(_ text: String) {
    let text = SpoolText(text)
    node = text.node("node")
    time = text.time("time")
  }
}

/// What a host says last: nothing of the bundle runs any more.
struct DoneText: Equatable {
  /// `finished`, `closed`, `fenced` or `signal`.
  var reason: String
  /// Why the node could not do its work at all; nil if it could.
  var fault: String?

  init(_ text: String) {
    let text = SpoolText(text)
    reason = text.words("reason") ?? ""
    fault = text.words("fault")
  }
}

/// How far an attempt is.
enum ProgressText {
  static func progress(_ text: String) -> Progress? {
    let text = SpoolText(text)
    guard let fraction = text.words("fraction").flatMap(Double.init), (0...1).contains(fraction) else {
      return nil
    }
    return Progress(fraction: fraction, message: text.words("message").map { String($0.prefix(255)) } ?? "")
  }
}

/// How an attempt has ended.
struct EndedText: Equatable {
  var node: String?
  var exit: ExitStatus?
  /// Why the node could not run it: nothing of it has run.
  var fault: String?
  var time: Timestamp?
  var started: Timestamp?
  /// Why its host stopped it, first; nil if it did not.
  var stopped: Stop?
  var usage = Usage()

  enum Stop: String { case timeout, term, kill, closed, fenced }

  init(_ text: String) {
    let text = SpoolText(text)
    node = text.node("node")
    fault = text.words("fault")
    if let code = text.number("exit"), code <= 255 {
      exit = .exited(code: Int32(code))
    } else if let signal = text.number("signal"), (1...64).contains(signal) {
      exit = .signalled(signal: Int32(signal))
    }
    time = text.time("time")
    started = text.time("started")
    stopped = text.words("stopped").flatMap(Stop.init)
    usage.cpuUser = text.microseconds("cpu-user")
    usage.cpuSystem = text.microseconds("cpu-system")
    usage.memoryPeak = text.number("memory-peak").map { Bytes($0) }
    usage.oomKills = text.number("oom-kills")
  }
}
