package import MillraceCore

extension Engine {
  package func breakers() -> [BreakerStanding] { scheduler.breakers }

  package func resetBreaker(of handler: String) async throws {
    if !scheduler.breakers.contains(where: { $0.handler == handler }) { _ = try self.handler(named: handler) }
    guard !hasStopped else { throw Self.draining }
    put(.event(.resetBreaker(handler)))
    let deadline = ports.clock.now() + Self.answerTime
    while scheduler.breakers.contains(where: { $0.handler == handler && $0.phase != .closed }) {
      guard ports.clock.now() < deadline, !hasStopped else { return }
      await wait(for: .commit, until: deadline)
    }
  }

  /// Notes how a breaker is, for the operator and for the next runner; one that is closed is forgotten.
  func note(_ standing: BreakerStanding) {
    if standing.phase != .probing { note(standing.text) }
    backlog.changes.append(.memo(Memo(standing)))
  }
}

extension Memo {
  /// Makes the memo of a breaker.
  init(_ standing: BreakerStanding) {
    var value: JSONValue?
    if standing.phase != .closed, let time = standing.opensAt {
      value = .object([
        "build": .string(standing.build), "failures": .integer(Int64(standing.failures)),
        "opens_at": .integer(time.rawValue), "times": .integer(Int64(standing.times)),
      ])
    }
    self.init(.breaker, standing.handler, value)
  }

  /// The breaker that it is about; nil if it is about none.
  var breaker: BreakerStanding? {
    guard kind == .breaker, let value = value?.object, let build = value["build"]?.string,
      case .integer(let failures)? = value["failures"], case .integer(let time)? = value["opens_at"],
      case .integer(let times)? = value["times"]
    else { return nil }
    return BreakerStanding(
      handler: name, build: build, phase: .open, failures: Int(failures),
      opensAt: Timestamp(rawValue: time), times: Int(times))
  }
}
