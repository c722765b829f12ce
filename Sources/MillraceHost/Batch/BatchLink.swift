import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// One end of the connection of two processes of a batch.
struct BatchLink {
  let socket: Int32
  /// What the socket did not take yet.
  private var waiting: [millrace_batch_news] = []

  init(socket: Int32) { self.socket = socket }

  /// Makes the two ends.
  static func pair() throws(HostError) -> (Int32, Int32) {
    var pair: [Int32] = [-1, -1]
    try check(
      millrace_socketpair(&pair), "cannot make a pair of sockets", hint: "raise the limit of open files")
    return (pair[0], pair[1])
  }

  /// Whether something is still to be sent.
  var isFull: Bool { !waiting.isEmpty }

  /// Sends, without waiting; what the socket does not take now waits for `flush`.
  mutating func post(_ news: millrace_batch_news) {
    waiting.append(news)
    flush()
  }

  /// Sends what waits. An end that has gone is noticed by whoever reads.
  mutating func flush() {
    while let first = waiting.first {
      guard BatchLink.send(first, to: socket, flags: Int32(MSG_DONTWAIT)) != -Int64(EAGAIN) else {
        return
      }
      waiting.removeFirst()
    }
  }

  /// Sends, and waits until the socket takes it.
  @discardableResult
  static func send(
    _ news: millrace_batch_news, to socket: Int32, _ descriptors: [Int32] = [], flags: Int32 = 0
  ) -> Int64 {
    withUnsafeBytes(of: news) {
      millrace_send(socket, $0.baseAddress, $0.count, descriptors, Int32(descriptors.count), flags)
    }
  }

  /// Returns a message of a type.
  static func news(_ type: Int, attempt: Int = 0) -> millrace_batch_news {
    var news = millrace_batch_news()
    news.type = UInt32(type)
    news.attempt = Int32(attempt)
    return news
  }
}

/// Why the host stops an attempt, or ends.
enum StopReason: UInt32 {
  case timeout = 1
  case term = 2
  case kill = 3
  case closed = 4
  case fenced = 5

  /// As the spool has it.
  var word: StaticString {
    switch self {
    case .timeout: "timeout"
    case .term: "term"
    case .kill: "kill"
    case .closed: "closed"
    case .fenced: "fenced"
    }
  }
}

/// The time that also passes while the machine sleeps, in ms: others count it too.
func bootMilliseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_BOOTTIME, &time)
  return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

/// The time on the wall, in microseconds since 1970-01-01 UTC.
func wallMicroseconds() -> Int64 {
  var time = timespec()
  clock_gettime(CLOCK_REALTIME, &time)
  return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
}
