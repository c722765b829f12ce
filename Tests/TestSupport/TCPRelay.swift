import Glibc

/// Lets a program that knows only TCP talk to a Unix socket: what comes to a port of this machine is passed
/// on, and the answer back, one connection after the other. It ends with its life.
package final class TCPRelay: Sendable {
  /// The port that it listens on.
  package let port: UInt16
  private let descriptor: Int32

  /// Starts one.
  package init(to path: String) throws {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard SocketAddress.port(0, { bind(listener, $0, $1) }) == 0, listen(listener, 8) == 0 else {
      throw TestFailure("cannot listen on a port: \(errno)")
    }
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &size) }
    }
    port = UInt16(bigEndian: address.sin_port)
    descriptor = listener
    Thread.start {
      defer { close(listener) }
      while case let connection = accept(listener, nil, nil), connection >= 0 {
        Self.pass(connection, to: path)
        close(connection)
      }
    }
  }

  deinit { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Passes bytes on in both directions until one side has ended.
  private static func pass(_ connection: Int32, to path: String) {
    let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { close(server) }
    guard SocketAddress.path(path, { connect(server, $0, $1) }) == 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      var polled = [connection, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      // Whoever is silent for so long is gone.
      guard poll(&polled, 2, 30_000) > 0 else { return }
      for (from, to) in [(0, server), (1, connection)] where polled[from].revents != 0 {
        let count = recv(polled[from].fd, &buffer, buffer.count, 0)
        guard count > 0, send(to, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
      }
    }
  }
}
