import CMillraceLinux
import Glibc
import MillraceLinux

/// A connection of a node: frames with their codes (`millrace_courier.h`). Used by one thread.
final class CourierStream {
  let socket: Int32
  private var key: [UInt8] = []
  private var sent: UInt64 = 0
  private var received: UInt64 = 0

  /// A frame that was checked.
  struct Frame {
    var type: Int
    var body: [UInt8]
  }

  /// Why a connection is of no use any more.
  enum Fault: Error {
    case ended
    case late
    /// The code of a frame is wrong.
    case unauthentic
    case malformed
  }

  /// How long the rest of a frame may take, once it has begun, and an answer to be taken.
  private static let patience: Duration = .seconds(60)

  /// Takes a socket over, which does not block.
  init(socket: Int32) { self.socket = socket }

  deinit { close(socket) }

  /// Greets the node, and returns the name of the bundle that it says to be of.
  ///
  /// - Parameters:
  ///   - deadline: when that is to be over.
  ///   - secret: the secret of a bundle; nil for one that is not known.
  /// - Returns: the name, and whether it is known; if not, the connection is to be closed.
  /// - Throws: `Fault`.
  func greet(
    by deadline: ContinuousClock.Instant, _ secret: (String) -> [UInt8]?
  ) throws -> (bundle: String, isKnown: Bool) {
    var ours = [UInt8](repeating: 0, count: Int(MILLRACE_COURIER_NONCE))
    guard getentropy(&ours, ours.count) == 0 else { throw Fault.ended }
    try write(ours, by: deadline)
    let length = Int(try read(1, by: deadline)[0])
    let name = try read(length, by: deadline)
    let theirs = try read(Int(MILLRACE_COURIER_NONCE), by: deadline)
    guard (1...60).contains(length), name.allSatisfy(Self.isOfName) else { throw Fault.malformed }
    let bundle = String(decoding: name, as: UTF8.self)
    guard let secret = secret(bundle) else { return (bundle, false) }
    key = AuthenticationCode.code(of: Array("millrace-bundle".utf8) + ours + theirs + name, with: secret)
    return (bundle, true)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
    default: false
    }
  }

  /// Returns the next frame.
  func receive(by deadline: ContinuousClock.Instant? = nil) throws -> Frame {
    let deadline = deadline ?? .now + Self.patience
    let length = try read(4, by: deadline).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length > AuthenticationCode.size, length <= Int(MILLRACE_COURIER_FRAME) else {
      throw Fault.malformed
    }
    let frame = try read(length, by: deadline)
    let content = frame.dropLast(AuthenticationCode.size)
    let code = AuthenticationCode.code(
      of: Self.prefix(MILLRACE_COURIER_TO_SERVER, received) + content, with: key)
    received += 1
    guard AuthenticationCode.areEqual(Array(frame.suffix(code.count)), code) else { throw Fault.unauthentic }
    return Frame(type: Int(content[0]), body: Array(content.dropFirst()))
  }

  /// Sends a frame.
  func send(_ type: Int, _ body: [UInt8] = []) throws {
    let content = [UInt8(type)] + body
    let code = AuthenticationCode.code(
      of: Self.prefix(MILLRACE_COURIER_TO_CLIENT, sent) + content, with: key)
    sent += 1
    let length = content.count + code.count
    let head = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    try write(head + content + code, by: .now + Self.patience)
  }

  /// Whether a frame begins within a time.
  func hasFrame(within milliseconds: Int32) throws -> Bool {
    var waited = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return poll(&waited, 1, milliseconds) > 0
  }

  private static func prefix(_ direction: Int, _ counter: UInt64) -> [UInt8] {
    [UInt8(direction)] + (0..<8).map { UInt8(truncatingIfNeeded: counter >> (8 * $0)) }
  }

  private func read(_ count: Int, by deadline: ContinuousClock.Instant) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = bytes.withUnsafeMutableBytes {
        recv(socket, $0.baseAddress.map { $0 + done }, count - done, 0)
      }
      if got > 0 {
        done += got
      } else {
        try wait(Int16(POLLIN), after: got, by: deadline)
      }
    }
    return bytes
  }

  private func write(_ bytes: [UInt8], by deadline: ContinuousClock.Instant) throws {
    var done = 0
    while done < bytes.count {
      let went = bytes.withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
      }
      if went > 0 {
        done += went
      } else {
        try wait(Int16(POLLOUT), after: went, by: deadline)
      }
    }
  }

  /// Waits for the socket after a call that did nothing.
  private func wait(_ events: Int16, after result: Int, by deadline: ContinuousClock.Instant) throws {
    if result < 0 && errno == EINTR { return }
    guard result < 0, errno == EAGAIN else { throw Fault.ended }
    let left = (deadline - .now) / .milliseconds(1)
    guard left > 0 else { throw Fault.late }
    var waited = pollfd(fd: socket, events: events, revents: 0)
    if poll(&waited, 1, Int32(min(left.rounded(.up), 60_000))) == 0, deadline <= .now { throw Fault.late }
  }
}
