import Glibc
import MillraceSocket

/// What systemd is told of this process.
/// Source: https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
enum ServiceManager {
  /// Tells that the runner serves; nothing if nobody wants to know (`NOTIFY_SOCKET` is not set).
  /// - Returns: 0, or the number of the error that kept it from being told.
  static func tellReady(socket path: String? = Surroundings.variable("NOTIFY_SOCKET")) -> Int32 {
    guard let path else { return 0 }
    let descriptor = UnixSocket.make(.datagrams)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    let failure = UnixSocket.connect(descriptor, to: path)
    guard failure == 0 else { return failure }
    let text = Array("READY=1".utf8)
    return send(descriptor, text, text.count, Int32(MSG_NOSIGNAL)) == text.count ? 0 : errno
  }
}
