import Dispatch
import Glibc
import Synchronization

/// A server on a Unix socket that answers as a test says, byte for byte; each connection has a thread.
package final class ScriptedServer: Sendable {
  /// What a client sent.
  package struct Request: Sendable, Equatable {
    package var method: String
    /// Path and query, as sent.
    package var target: String
    /// The header fields, a line each.
    package var fields: [String]
    package var body: String
  }

  /// What the server does on a connection; after the last step it closes.
  package enum Step: Sendable {
    case send([UInt8])
    /// Goes on when the gate is opened.
    case wait(Gate)
    /// Opens the gate for others.
    case open(Gate)
    /// Goes on when the client has closed.
    case awaitClose
  }

  /// The socket's path; its directory is removed with the server.
  package let socket: String
  private let directory: TemporaryDirectory
  private let descriptor: Int32
  private let log = Mutex<[Request]>([])
  private let answer: @Sendable (Request) -> [Step]

  /// Starts a server.
  package init(answer: @escaping @Sendable (Request) -> [Step]) throws {
    directory = try TemporaryDirectory()
    socket = directory.path + "/s"
    self.answer = answer
    descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard SocketAddress.path(socket, { bind(descriptor, $0, $1) }) == 0, listen(descriptor, 64) == 0 else {
      throw TestFailure("cannot listen on \(socket)")
    }
    let listener = descriptor
    Thread.start { [weak self] in
      // Closed here only: its number may be another server's as soon as it is.
      defer { close(listener) }
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        guard let self else {
          close(connection)
          continue
        }
        Thread.start { self.serve(connection) }
      }
    }
  }

  /// Ends the thread that accepts.
  deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// What has been asked so far, in order.
  package var requests: [Request] { log.withLock { $0 } }

  private func serve(_ connection: Int32) {
    defer { close(connection) }
    guard let request = Self.read(connection) else { return }
    log.withLock { $0.append(request) }
    for step in answer(request) {
      switch step {
      case .send(let bytes):
        guard bytes.withUnsafeBytes({ send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }) >= 0
        else { return }
      case .wait(let gate): gate.wait()
      case .open(let gate): gate.open()
      case .awaitClose:
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
      }
    }
  }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let text = String(decoding: bytes, as: UTF8.self)
      if let end = text.firstRange(of: "\r\n\r\n") {
        let head = text[..<end.lowerBound].split(separator: "\r\n")
        let body = text[end.upperBound...]
        let field = head.first { $0.lowercased().hasPrefix("content-length:") }
        let length = (field?.split(separator: " ").last).flatMap { Int($0) } ?? 0
        if body.utf8.count >= length {
          let words = head[0].split(separator: " ")
          return Request(
            method: String(words[0]), target: String(words[1]), fields: head.dropFirst().map(String.init),
            body: String(body))
        }
      }
      let count = recv(connection, &chunk, chunk.count, 0)
      guard count > 0 else { return nil }
      bytes += chunk[..<count]
    }
  }
}

extension ScriptedServer.Step {
  /// Sends text.
  package static func send(_ text: String) -> Self { .send([UInt8](text.utf8)) }

  /// Sends a whole answer.
  package static func answer(
    _ status: Int = 200, _ body: String, type: String = "application/json"
  ) -> Self {
    .send(
      "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }

  /// Sends an answer that is a problem.
  package static func problem(_ status: Int, kind: String, _ detail: String, hint: String? = nil) -> Self {
    let hint = hint.map { ",\"hint\":\"\($0)\"" } ?? ""
    let type = "\"type\":\"urn:millrace:\(kind)\",\"title\":\"t\",\"status\":\(status)"
    return answer(
      status, "{\(type),\"detail\":\"\(detail)\"\(hint)}", type: "application/problem+json")
  }
}

/// Something that threads wait for and another one opens, for good.
package final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  package init() {}

  /// Lets all go on that wait, now or later.
  package func open() { semaphore.signal() }

  /// Returns when the gate is open.
  package func wait() {
    semaphore.wait()
    semaphore.signal()
  }
}

/// A thread that runs a closure once.
package enum Thread {
  /// Starts a detached thread.
  package static func start(_ body: @escaping @Sendable () -> Void) {
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body))
    let status = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, box.toOpaque())
    precondition(status == 0, "no thread left")
    pthread_detach(thread)
  }

  private final class Box {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
}
