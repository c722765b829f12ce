import Glibc

/// Unix sockets of clients (unix(7)).
package enum UnixSocket {
  /// The longest path that one can have, in bytes: there is a zero byte behind it.
  package static let longestPath = 107

  /// What is sent through one.
  package enum Kind { case stream, datagrams }

  /// Makes a socket that is closed on exec; returns its descriptor, or -1 and `errno`.
  package static func make(_ kind: Kind) -> Int32 {
    let type = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
    return socket(AF_UNIX, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
  }

  /// Has each wait of a socket, to send and to receive, end after so many seconds.
  package static func limitWaits(of descriptor: Int32, seconds: Int) {
    var time = timeval(tv_sec: seconds, tv_usec: 0)
    let size = socklen_t(MemoryLayout<timeval>.size)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, size)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &time, size)
  }

  /// Connects a socket to a path; returns 0 or the error number.
  package static func connect(_ descriptor: Int32, to path: String) -> Int32 {
    guard path.utf8.count <= longestPath else { return ENAMETOOLONG }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let size = socklen_t(MemoryLayout<sockaddr_un>.size)
    while true {
      let status = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
      }
      if status == 0 || errno == EISCONN { return 0 }
      if errno != EINTR { return errno }
    }
  }
}
