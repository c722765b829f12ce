import Glibc
import PluginRecording
import TestSupport

/// A server on a port of this machine that answers as a test says, one connection after the other.
final class LoopbackServer: Sendable {
  private let server: ScriptedServer
  private let relay: TCPRelay

  /// Its port.
  var port: UInt16 { relay.port }

  /// Its address, with the host as a number and without a last slash.
  var url: String { "http://127.0.0.1:\(port)" }

  /// Its address by the name of the host: another origin for those who compare names.
  var namedURL: String { "http://localhost:\(port)" }

  /// What has been asked so far, in order.
  var requests: [ScriptedServer.Request] { server.requests }

  /// Starts one.
  init(answer: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Step]) throws {
    server = try ScriptedServer(answer: answer)
    relay = try TCPRelay(to: server.socket)
  }

  /// Starts one that gives everybody the same answer.
  convenience init(_ steps: ScriptedServer.Step...) throws { try self.init { _ in steps } }

  /// Returns an address of this machine where nobody listens.
  static func deserted() throws -> String { try LoopbackServer().url }
}

extension ScriptedServer.Step {
  /// Sends an answer with headers, a line each.
  static func head(_ status: Int, _ headers: String..., body: String = "") -> Self {
    let lines = (headers + ["Content-Length: \(body.utf8.count)"]).map { $0 + "\r\n" }.joined()
    return .send("HTTP/1.1 \(status) X\r\n\(lines)\r\n\(body)")
  }

  /// Sends a redirect.
  static func redirect(_ status: Int = 302, to place: String) -> Self { .head(status, "Location: \(place)") }
}

extension ScriptedServer.Request {
  /// The value of a header; nil if it was not sent.
  func field(_ name: String) -> String? {
    let prefix = name.lowercased() + ": "
    return fields.first { $0.lowercased().hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
  }
}

extension Surroundings {
  /// Stops a job when it tells of progress, but not before a gate is open.
  static func stopped(once gate: Gate) -> Surroundings {
    Surroundings(stopsAt: { event in
      guard case .progress = event else { return false }
      gate.wait()
      return true
    })
  }
}
