package import MillraceCore

/// Why a call to the runner came to no answer; an answer that says no is a `Problem`.
package enum ClientError: Error, Sendable, Equatable {
  /// Nobody listens on the socket.
  case unreachable(socket: String, reason: String)
  /// The socket is there, but this user may not use it.
  case notPermitted(socket: String, reason: String)
  /// The runner said nothing for so long.
  case timedOut(call: String, after: Duration)
  /// The connection ended in the middle of the answer.
  case closedEarly(call: String)
  /// What came is no answer that this client knows.
  case malformed(call: String, reason: String)
  /// The answer, or a part of it, is larger than this client takes.
  case tooLarge(call: String, limit: Bytes)
  /// The kernel refused a call on the connection.
  case failed(call: String, reason: String)
}

extension ClientError: CustomStringConvertible {
  /// One sentence for people.
  package var description: String {
    switch self {
    case .unreachable(let socket, let reason): "cannot reach the runner on `\(socket)`: \(reason)"
    case .notPermitted(let socket, let reason): "cannot use the runner's socket `\(socket)`: \(reason)"
    case .timedOut(let call, let span): "no answer to `\(call)` for \(span.text)"
    case .closedEarly(let call): "the answer to `\(call)` ended early"
    case .malformed(let call, let reason): "cannot read the answer to `\(call)`: \(reason)"
    case .tooLarge(let call, let limit): "the answer to `\(call)` is larger than \(limit)"
    case .failed(let call, let reason): "the connection failed during `\(call)`: \(reason)"
    }
  }
}
