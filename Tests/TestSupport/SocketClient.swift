import Glibc

/// An answer as it came over the socket.
package struct HTTPReply {
  package var status = 0
  /// By lower-case name.
  package var headers: [String: String] = [:]
  package var body: [UInt8] = []

  package var text: String { String(decoding: body, as: UTF8.self) }
}

/// A plain client on a Unix socket, which can also send what no client should.
package final class SocketClient: Sendable {
  package struct Failure: Error { let what: String }

  private let descriptor: Int32
  // SAFETY: a test awaits each call before it makes the next one.
  private nonisolated(unsafe) var received: [UInt8] = []

  package init(path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    guard SocketAddress.path(path, { connect(descriptor, $0, $1) }) == 0 else {
      throw Failure(what: "connect: \(errno)")
    }
    Self.limitPatience(of: descriptor)
  }

  /// Connects to a port of this machine.
  package init(port: UInt16) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard SocketAddress.port(port, { connect(descriptor, $0, $1) }) == 0 else {
      throw Failure(what: "connect to port \(port): \(errno)")
    }
    Self.limitPatience(of: descriptor)
  }

  private static func limitPatience(of descriptor: Int32) {
    var patience = timeval(tv_sec: 20, tv_usec: 0)  // A test that hangs shall fail.
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// Tells the server that this client is gone, at once.
  package func goAway() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Sends nothing more, but still reads.
  package func stopSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  package func send(_ text: String) async throws { try await send(Array(text.utf8)) }

  package func send(_ bytes: [UInt8]) async throws {
    try await onThread {
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes {
          Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { throw Failure(what: "send: \(errno)") }
        sent += count
      }
    }
  }

  /// Reads a whole answer.
  package func reply(hasBody: Bool = true) async throws -> HTTPReply {
    var reply = try await head()
    guard hasBody else { return reply }
    if reply.headers["transfer-encoding"] == "chunked" {
      while let piece = try await chunk() { reply.body += piece }
    } else if let length = reply.headers["content-length"].flatMap({ Int($0) }) {
      reply.body = try await take(length)
    }
    return reply
  }

  /// Reads the head of an answer.
  package func head() async throws -> HTTPReply {
    var reply = HTTPReply()
    let status = try await line()
    reply.status = Int(status.split(separator: " ").dropFirst().first ?? "") ?? 0
    while case let text = try await line(), !text.isEmpty {
      let parts = text.split(separator: ":", maxSplits: 1)
      reply.headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " })
    }
    return reply
  }

  /// Reads a piece of a chunked body; nil at its end.
  package func chunk() async throws -> [UInt8]? {
    guard let length = Int(try await line(), radix: 16) else { throw Failure(what: "no chunk length") }
    let piece = try await take(length)
    _ = try await line()
    return length == 0 ? nil : piece
  }

  /// Whether the server closes the connection; waits for it, and ignores what it sends before.
  package func isClosedByServer() async throws -> Bool {
    try await onThread {
      while try self.fill() {}
      return true
    }
  }

  private func line() async throws -> String {
    try await onThread {
      while true {
        if let end = self.received.firstIndex(of: UInt8(ascii: "\n")) {
          let line = self.received[..<end].filter { $0 != UInt8(ascii: "\r") }
          self.received.removeSubrange(...end)
          return String(decoding: line, as: UTF8.self)
        }
        guard try self.fill() else { throw Failure(what: "the connection ended in a line") }
      }
    }
  }

  private func take(_ count: Int) async throws -> [UInt8] {
    try await onThread {
      while self.received.count < count {
        guard try self.fill() else { throw Failure(what: "the connection ended in a body") }
      }
      defer { self.received.removeFirst(count) }
      return Array(self.received.prefix(count))
    }
  }

  /// Reads what there is, at least a byte; false at the end of the connection.
  private func fill() throws -> Bool {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    if count < 0, errno == EAGAIN { throw Failure(what: "nothing came in 20 s") }
    guard count > 0 else { return false }
    received += buffer[..<count]
    return true
  }

  /// Runs what blocks on a thread of its own: the tasks' threads are needed by the server.
  private func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
  {
    try await withCheckedThrowingContinuation { continuation in
      Thread.start { continuation.resume(with: Result(catching: body)) }
    }
  }
}
