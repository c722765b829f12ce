import Glibc
import MillraceSocket

/// Where journald takes entries with fields.
/// Source: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/
final class JournalSocket: Sendable {
  static let path = "/run/systemd/journal/socket"

  private let descriptor: Int32

  /// Connects; nil if nobody listens there.
  init?(path: String) {
    let descriptor = UnixSocket.make(.datagrams)
    guard descriptor >= 0 else { return nil }
    guard UnixSocket.connect(descriptor, to: path) == 0 else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Whether a stream leads to the journal: `JOURNAL_STREAM` names its device and inode (systemd.exec(5)).
  static func isEnd(of stream: Int32, named variable: String?) -> Bool {
    let parts = (variable ?? "").split(separator: ":").map { UInt64($0) }
    var facts = stat()
    guard parts.count == 2, fstat(stream, &facts) == 0 else { return false }
    return parts[0] == UInt64(facts.st_dev) && parts[1] == UInt64(facts.st_ino)
  }

  /// Sends an entry; false if it was not taken.
  func send(_ fields: [(name: String, value: String)]) -> Bool {
    var bytes: [UInt8] = []
    for (name, value) in fields {
      bytes += name.utf8
      if value.utf8.contains(UInt8(ascii: "\n")) {
        bytes.append(UInt8(ascii: "\n"))
        bytes += withUnsafeBytes(of: UInt64(value.utf8.count).littleEndian, Array.init)
      } else {
        bytes.append(UInt8(ascii: "="))
      }
      bytes += value.utf8
      bytes.append(UInt8(ascii: "\n"))
    }
    return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
  }
}
