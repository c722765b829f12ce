import Glibc
import MillraceCore
import MillraceSocket

/// Where the bytes of an answer come from.
protocol ByteSource: ~Copyable {
  /// Returns the next bytes; empty at the end.
  func receive() throws -> [UInt8]
}

/// One connection to the runner's Unix socket, closed at the end of its life; all calls block.
struct Connection: ~Copyable {
  private static let receiveSize = 64 << 10
  /// Only a runner that hangs makes sending wait.
  private static let sendTimeout = Duration.seconds(30)

  private let descriptor: Int32
  /// What is asked, for errors: `GET /v1/jobs`.
  private let call: String
  /// How long to wait for the next bytes; nil for ever.
  private let idle: Duration?
  private let interruption: Interruption?
  private let pulse: Pulse?

  /// Connects.
  /// - Throws: `ClientError`: `unreachable`, or `notPermitted` if the socket is not for this user.
  init(
    socket path: String, call: String, idle: Duration?, interruption: Interruption?, pulse: Pulse? = nil
  ) throws {
    guard path.utf8.count <= UnixSocket.longestPath else {
      throw ClientError.unreachable(
        socket: path, reason: "the path is longer than \(UnixSocket.longestPath) bytes")
    }
    let opened = UnixSocket.make(.stream)
    guard opened >= 0 else { throw ClientError.failed(call: call, reason: Self.words(errno)) }
    // Connecting may wait for so long, too.
    var time = timeval(tv_sec: Int(Self.sendTimeout.components.seconds), tv_usec: 0)
    setsockopt(opened, SOL_SOCKET, SO_SNDTIMEO, &time, socklen_t(MemoryLayout<timeval>.size))
    let failure = UnixSocket.connect(opened, to: path)
    guard failure == 0 else {
      close(opened)
      throw failure == EACCES || failure == EPERM
        ? ClientError.notPermitted(socket: path, reason: Self.words(failure))
        : ClientError.unreachable(socket: path, reason: Self.words(failure))
    }
    descriptor = opened
    self.call = call
    self.idle = idle
    self.interruption = interruption
    self.pulse = pulse
  }

  deinit { close(descriptor) }

  /// Sends all bytes. A runner that has already answered and closed is no error: its answer counts.
  func send(_ bytes: [UInt8]) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let flags = Int32(MSG_NOSIGNAL)
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno == EPIPE || errno == ECONNRESET {
        return
      } else if errno == EAGAIN {
        throw ClientError.timedOut(call: call, after: Self.sendTimeout)
      } else if errno != EINTR {
        throw ClientError.failed(call: call, reason: Self.words(errno))
      }
    }
  }

  private static func words(_ error: Int32) -> String { String(cString: strerror(error)) }
}

extension Connection: ByteSource {
  /// Returns the next bytes; empty when the runner has closed the connection.
  /// - Throws: `ClientError`, or what the interruption throws.
  func receive() throws -> [UInt8] {
    while true {
      try waitForBytes()
      var failure: Int32 = 0
      let bytes = [UInt8](unsafeUninitializedCapacity: Self.receiveSize) { buffer, count in
        let received = recv(descriptor, buffer.baseAddress, buffer.count, 0)
        failure = received < 0 ? errno : 0
        count = max(0, received)
      }
      switch failure {
      case 0: return bytes
      case EINTR, EAGAIN: continue
      case ECONNRESET: throw ClientError.closedEarly(call: call)
      default: throw ClientError.failed(call: call, reason: Self.words(failure))
      }
    }
  }

  private func waitForBytes() throws {
    let start = ContinuousClock.now
    var nextBeat = pulse.map { start + $0.interval }
    while true {
      if let pulse, let beat = nextBeat, beat <= .now {
        try pulse.beat()
        nextBeat = .now + pulse.interval
      }
      var polled = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
      if let interruption {
        polled.append(pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0))
      }
      var patience: Int32 = -1
      if let idle {
        let left = idle - (ContinuousClock.now - start)
        guard left > .zero else { throw ClientError.timedOut(call: call, after: idle) }
        patience = Int32(clamping: left.milliseconds + 1)
      }
      if let nextBeat {
        let untilBeat = Int32(clamping: max(0, (nextBeat - .now).milliseconds + 1))
        patience = patience < 0 ? untilBeat : min(patience, untilBeat)
      }
      let ready = poll(&polled, nfds_t(polled.count), patience)
      guard ready >= 0 || errno == EINTR else {
        throw ClientError.failed(call: call, reason: Self.words(errno))
      }
      guard ready > 0 else { continue }
      if polled.count > 1, polled[1].revents != 0 { try interruption?.handle() }
      if polled[0].revents != 0 { return }
    }
  }
}

/// Something that is done again and again while a call waits and the runner is silent.
package struct Pulse: Sendable {
  package let interval: Duration
  /// The call goes on unless this throws.
  package let beat: @Sendable () throws -> Void

  package init(every interval: Duration, beat: @escaping @Sendable () throws -> Void) {
    self.interval = interval
    self.beat = beat
  }
}

/// Something that may happen while a call waits for its answer: Ctrl-C.
package struct Interruption: Sendable {
  /// Readable once it has happened; `handle` takes away what makes it so.
  package let descriptor: Int32
  /// Called each time; the call goes on unless this throws.
  package let handle: @Sendable () throws -> Void

  /// Makes an interruption from a descriptor that is borrowed for as long as calls are made.
  package init(descriptor: Int32, handle: @escaping @Sendable () throws -> Void) {
    self.descriptor = descriptor
    self.handle = handle
  }
}
