import CMillraceLinux
import CMillraceLinux.Libc

/// A warm host that the keeper has made.
struct KeptHost {
  let number: UInt32
  let pid: Int32
  /// The keeper's end of the pair; -1 once it was closed.
  fileprivate(set) var socket: Int32
  /// What it took to make its process: a part of what a start without it would take.
  fileprivate let birthMicroseconds: UInt64
  /// What the host may say next: it is believed nothing else.
  fileprivate(set) var expected: UInt32
  /// What the runner is to be told of it.
  fileprivate(set) var news: [millrace_keeper_host_news] = []
  fileprivate(set) var hasEnded = false
}

/// All warm hosts of the keeper.
struct KeptHosts {
  private(set) var all: [KeptHost] = []
  /// Where their sockets are watched.
  private let epoll: Int32

  init(epoll: Int32) { self.epoll = epoll }

  /// The most hosts at once.
  static let maximum = 256

  var isFull: Bool { all.count >= KeptHosts.maximum }

  func index(_ number: UInt32) -> Int? { all.firstIndex { $0.number == number } }

  mutating func append(number: UInt32, pid: Int32, socket: Int32, birthMicroseconds: UInt64) {
    all.append(
      KeptHost(
        number: number, pid: pid, socket: socket, birthMicroseconds: birthMicroseconds,
        expected: UInt32(MILLRACE_KEEPER_READY)))
  }

  /// The host is asked for a PREPARED.
  mutating func expectPrepared(_ index: Int) { all[index].expected = UInt32(MILLRACE_KEEPER_PREPARED) }

  /// Takes in what a host says of itself; what it was not asked for is dropped.
  mutating func note(_ message: millrace_keeper_host_news, from index: Int) {
    guard message.type == all[index].expected else { return }
    all[index].expected = 0
    var message = message
    message.host = all[index].number
    message.pid = all[index].pid
    message.load_us &+= all[index].birthMicroseconds
    message.reason.511 = 0
    all[index].news.append(message)
  }

  /// Hangs up: the host ends by that.
  mutating func close(_ index: Int) {
    guard all[index].socket >= 0 else { return }
    // A child that was just born still holds it: closing alone would leave it in epoll.
    millrace_epoll_remove(epoll, all[index].socket)
    CMillraceLinux.close(all[index].socket)
    all[index].socket = -1
  }

  /// Notes the end of a host; returns its number, or nil if it was none.
  mutating func note(_ ending: millrace_ending) -> UInt32? {
    guard let index = all.firstIndex(where: { $0.pid == ending.pid && !$0.hasEnded }) else { return nil }
    close(index)
    all[index].hasEnded = true
    var gone = millrace_keeper_host_news()
    gone.type = UInt32(MILLRACE_KEEPER_GONE)
    gone.host = all[index].number
    gone.pid = ending.pid
    gone.code = ending.code
    gone.status = ending.status
    all[index].news.append(gone)
    return gone.host
  }

  /// The runner was told the oldest news of a host; one that has ended is dropped after its last.
  mutating func learned(_ index: Int) {
    all[index].news.removeFirst()
    if all[index].hasEnded && all[index].news.isEmpty { all.remove(at: index) }
  }

  /// There is no runner any more: nobody wants to hear of them.
  mutating func unlearn() {
    for index in all.indices { all[index].news = [] }
    all.removeAll { $0.hasEnded }
  }
}
