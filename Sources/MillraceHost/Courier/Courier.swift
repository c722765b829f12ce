import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// The node's end of a connection to the runner (`millrace_courier.h`), where they share no file system. It
/// connects when there is something to tell, and again when the connection has broken.
final class Courier {
  private let host: String
  private let port: String
  private let bundle: [UInt8]
  private let secret: [UInt8]
  private var socket: Int32 = -1
  private var key: [UInt8] = []
  private var sent: UInt64 = 0
  private var received: UInt64 = 0
  /// Files that the runner has told of, and that were not fetched yet.
  private var news: [String] = []
  /// Until when nothing is tried, as it has just failed.
  private var pauseEnd: Int64 = 0
  /// How often in a row somebody was there, and did not answer.
  private(set) var refusals = 0

  /// How much of a file goes into one frame.
  static let chunk = 512 << 10
  private static let connectMilliseconds: Int32 = 5000
  /// How long the runner may take for an answer, or for a part of it.
  private static let answerMilliseconds: Int64 = 15_000
  private static let pauseMilliseconds: Int64 = 1000
  private static let hint = "look whether the runner is there, and whether its port is open to this node"

  init(host: String, port: String, bundle: [UInt8], secret: [UInt8]) {
    self.host = host
    self.port = port
    self.bundle = bundle
    self.secret = secret
  }

  /// An answer of the runner.
  struct Answer {
    let type: Int
    let body: [UInt8]
  }

  // MARK: Files

  /// Hands each part of a file to `body`. Returns false if there is none.
  func fetch(_ name: String, _ body: ([UInt8]) throws(HostError) -> Void) throws(HostError) -> Bool {
    var offset: UInt64 = 0
    var answer = try ask(MILLRACE_COURIER_GET, Courier.named(name) + Courier.bytes(of: offset))
    while answer.type == MILLRACE_COURIER_DATA {
      try body(answer.body)
      offset += UInt64(answer.body.count)
      do throws(HostError) { answer = try next() } catch {
        // The rest, over a new connection.
        hangUp()
        answer = try ask(MILLRACE_COURIER_GET, Courier.named(name) + Courier.bytes(of: offset))
      }
    }
    if answer.type == MILLRACE_COURIER_NONE { return false }
    guard answer.type == MILLRACE_COURIER_END else { throw refusal(answer, name) }
    return true
  }

  /// Puts bytes into a log.
  func put(_ name: String, at offset: Int, _ bytes: ArraySlice<UInt8>) throws(HostError) {
    let answer = try ask(
      MILLRACE_COURIER_PUT, Courier.named(name) + Courier.bytes(of: UInt64(offset)) + bytes)
    guard answer.type == MILLRACE_COURIER_ACK else { throw refusal(answer, name) }
  }

  /// Has what was put into a log on the disk.
  func sync(_ name: String) throws(HostError) {
    let answer = try ask(MILLRACE_COURIER_SYNC, Courier.named(name))
    guard answer.type == MILLRACE_COURIER_ACK else { throw refusal(answer, name) }
  }

  /// Puts the contents of an open file in the place of what has this name there. Returns false if something
  /// else has that name, and stays.
  func replace(_ name: String, by file: Int32) throws(HostError) -> Bool {
    var block = [UInt8](repeating: 0, count: Courier.chunk)
    var offset = 0
    while true {
      let count = pread(file, &block, block.count, off_t(offset))
      if count < 0 && millrace_error() == EINTR { continue }
      guard count >= 0 else {
        throw HostError(
          "cannot read `\(name)`: \(words(for: -millrace_error()))", hint: "look at this node's disk")
      }
      let isLast = count < block.count
      let flags = isLast ? UInt8(MILLRACE_COURIER_LAST) : 0
      let head = Courier.named(name) + Courier.bytes(of: UInt64(offset)) + [flags]
      let answer = try ask(MILLRACE_COURIER_REPLACE, head + block[..<count])
      if answer.type == MILLRACE_COURIER_TAKEN { return false }
      guard answer.type == MILLRACE_COURIER_ACK else { throw refusal(answer, name) }
      if isLast { return true }
      offset += count
    }
  }

  /// Returns the names of files that have come since, without waiting; each once.
  func takeNews() -> [String] {
    var waited = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    while socket >= 0, poll(&waited, 1, 0) > 0 {
      do throws(HostError) { try take(try receive()) } catch { hangUp() }
    }
    defer { news = [] }
    return news
  }

  // MARK: Requests

  /// Makes a request, and returns the first frame of the answer. A connection that turns out to be broken is
  /// made anew, once.
  private func ask(_ type: Int, _ body: [UInt8]) throws(HostError) -> Answer {
    guard bootMilliseconds() >= pauseEnd else {
      throw HostError("the runner at \(host):\(port) was not reached a moment ago", hint: Courier.hint)
    }
    if socket >= 0 {
      do throws(HostError) {
        try send(type, body)
        return try next()
      } catch {
        hangUp()
      }
    }
    do throws(HostError) {
      try connect()
      refusals += 1
      try send(type, body)
      let answer = try next()
      refusals = 0
      return answer
    } catch {
      hangUp()
      pauseEnd = bootMilliseconds() + Courier.pauseMilliseconds
      throw error
    }
  }

  /// Returns the next frame of an answer.
  private func next() throws(HostError) -> Answer {
    while true {
      let answer = try receive()
      if answer.type != MILLRACE_COURIER_NEWS { return answer }
      try take(answer)
    }
  }

  private func take(_ answer: Answer) throws(HostError) {
    guard answer.type == MILLRACE_COURIER_NEWS, news.count < 2 * BundleManifest.maximumAttempts + 1 else {
      throw HostError("the runner has sent something that nobody asked for", hint: Courier.hint)
    }
    news.append(String(decoding: answer.body, as: UTF8.self))
  }

  private func refusal(_ answer: Answer, _ name: String) -> HostError {
    let reason =
      answer.type == MILLRACE_COURIER_REFUSED
      ? String(decoding: answer.body.prefix(300), as: UTF8.self) : "its answer makes no sense"
    return HostError("the runner refuses `\(name)`: \(reason)", hint: "update runner and host together")
  }

  private static func named(_ name: String) -> [UInt8] { [UInt8(name.utf8.count)] + Array(name.utf8) }

  static func bytes(of number: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) }
  }

  // MARK: The connection

  private func connect() throws(HostError) {
    let result = host.withCPointer { host in
      port.withCPointer { port in millrace_connect_tcp(host, port, Courier.connectMilliseconds) }
    }
    socket = try check(result, "cannot connect to the runner at \(host):\(port)", hint: Courier.hint)
    let theirs = try read(Int(MILLRACE_COURIER_NONCE))
    var ours = [UInt8](repeating: 0, count: Int(MILLRACE_COURIER_NONCE))
    guard getentropy(&ours, ours.count) == 0 else {
      throw HostError("the kernel has no random numbers: \(words(for: -millrace_error()))", hint: "")
    }
    key = MessageCode.code([Array("millrace-bundle".utf8), theirs, ours, bundle], key: secret)
    sent = 0
    received = 0
    try write([UInt8(bundle.count)] + bundle + ours)
  }

  private func hangUp() {
    if socket >= 0 { close(socket) }
    socket = -1
  }

  private func send(_ type: Int, _ body: [UInt8]) throws(HostError) {
    let length = UInt32(1 + body.count + MessageCode.size)
    let direction = [UInt8(MILLRACE_COURIER_TO_SERVER)] + Courier.bytes(of: sent)
    sent += 1
    let code = MessageCode.code([direction, [UInt8(type)], body], key: key)
    try write(Array(Courier.bytes(of: UInt64(length)).prefix(4)) + [UInt8(type)] + body + code)
  }

  private func receive() throws(HostError) -> Answer {
    let head = try read(4)
    let length = head.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length > MessageCode.size, length <= Int(MILLRACE_COURIER_FRAME) else {
      throw HostError("the runner has sent a frame of \(length) bytes", hint: Courier.hint)
    }
    let frame = try read(length)
    let content = frame[..<(length - MessageCode.size)]
    let direction = [UInt8(MILLRACE_COURIER_TO_CLIENT)] + Courier.bytes(of: received)
    received += 1
    let code = MessageCode.code([direction, Array(content)], key: key)
    guard MessageCode.areEqual(frame[content.count...], code) else {
      throw HostError(
        "what answers at \(host):\(port) does not know the bundle's secret",
        hint: "the bundle is another runner's, or somebody is in between")
    }
    return Answer(type: Int(content[0]), body: Array(content.dropFirst()))
  }

  private func read(_ count: Int) throws(HostError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes {
        recv(socket, $0.baseAddress.map { $0 + done }, count - done, 0)
      }
      if got > 0 {
        done += got
      } else {
        try wait(for: Int16(POLLIN), after: got)
      }
    }
    return bytes
  }

  private func write(_ bytes: [UInt8]) throws(HostError) {
    var done = 0
    while done < bytes.count {
      let went = bytes.withUnsafeBytes {
        CMillraceLinux.send(socket, $0.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      if went > 0 {
        done += went
      } else {
        try wait(for: Int16(POLLOUT), after: went)
      }
    }
  }

  /// Waits for the socket after a call that did nothing.
  private func wait(for events: Int16, after result: Int) throws(HostError) {
    let error = result == 0 ? EPIPE : millrace_error()
    if error == EINTR { return }
    guard error == EAGAIN else {
      throw HostError("the connection to the runner has broken: \(words(for: -error))", hint: Courier.hint)
    }
    var waited = pollfd(fd: socket, events: events, revents: 0)
    guard poll(&waited, 1, Int32(Courier.answerMilliseconds)) != 0 else {
      throw HostError("the runner at \(host):\(port) does not answer", hint: Courier.hint)
    }
  }
}
