import FoundationEssentials
import Glibc
import MillraceCore
import MillraceSocket
import MillraceWire

/// Does a runner answer?
struct SocketCheck: Check {
  let name = "runner"
  let path: String
  let answer: Answer

  /// What came of asking for the status.
  enum Answer: Sendable, Equatable {
    case status(StatusView)
    /// It answers, but with this HTTP status or with something else.
    case other(String)
    /// There is no file.
    case missing
    /// There is a file that is no socket.
    case notASocket
    /// The kernel refused, with this `errno`.
    case refused(Int32)
  }

  func finding() -> Finding {
    let start = ["systemctl start millraced"]
    switch answer {
    case .status(let status):
      let draining = status.draining ? ", shutting down" : ""
      let state = "\(status.version), process \(status.pid), \(status.running) attempts run\(draining)"
      if status.pressure != Pressure.none.word {
        return warning("\(state); memory is short: \(status.pressureCause)", mend: ["millrace status"])
      }
      if let trouble = status.cluster?.trouble {
        return warning("\(state); the cluster can't be used: \(trouble)", mend: ["millrace nodes", "sinfo"])
      }
      return ok(state)
    case .other(let what):
      return warning("`\(path)` answers, but \(what)", mend: ["journalctl -u millraced -n 50"])
    case .missing: return warning("none runs: there is no `\(path)`", mend: start)
    case .notASocket:
      return failure("`\(path)` is no socket", mend: ["mv \(quoted(path)) \(quoted(path)).old"])
    case .refused(ECONNREFUSED): return warning("none runs: nobody answers on `\(path)`", mend: start)
    case .refused(EACCES):
      return warning("this user may not connect to `\(path)`", mend: ["sudo millraced doctor"])
    case .refused(let code): return failure("`\(path)`: \(String(cString: strerror(code)))")
    }
  }

  /// Asks the runner for its status; waits 2 s at most.
  static func ask(_ path: String) -> Answer {
    var status = stat()
    guard stat(path, &status) == 0 else { return errno == ENOENT ? .missing : .refused(errno) }
    guard status.st_mode & S_IFMT == S_IFSOCK else { return .notASocket }
    let descriptor = UnixSocket.make(.stream)
    guard descriptor >= 0 else { return .refused(errno) }
    defer { close(descriptor) }
    UnixSocket.limitWaits(of: descriptor, seconds: 2)
    let failure = UnixSocket.connect(descriptor, to: path)
    guard failure == 0 else { return .refused(failure) }
    let request = Array(
      "GET \(Wire.prefix)/status HTTP/1.1\r\nHost: millrace\r\nConnection: close\r\n\r\n".utf8)
    guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
      return .refused(errno)
    }
    var received: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while received.count < 64 << 10 {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      if count < 0 { return .other("says nothing for 2 s") }
      if count == 0 { break }
      received += buffer[..<count]
    }
    return read(received)
  }

  /// Reads an answer of HTTP/1.1.
  static func read(_ bytes: [UInt8]) -> Answer {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let head = text.split(separator: "\r\n", maxSplits: 1).first, head.hasPrefix("HTTP/1.") else {
      return .other("does not speak HTTP")
    }
    guard head.split(separator: " ").dropFirst().first == "200" else { return .other("says `\(head)`") }
    let parts = text.split(separator: "\r\n\r\n", maxSplits: 1)
    guard parts.count == 2 else { return .other("breaks off") }
    do {
      return .status(try Wire.decoder().decode(StatusView.self, from: Data(parts[1].utf8)))
    } catch {
      return .other("its status can't be read")
    }
  }
}
