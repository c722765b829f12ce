/// What one gate says of one waiting job, with its numbers.
package struct GateVerdict: Hashable, Sendable, Codable {
  /// The gates that can hold a job back.
  package enum Gate: String, Hashable, Sendable, Codable, CaseIterable {
    /// The runner is draining.
    case runner
    /// No plugin in use has the handler.
    case handler
    /// Its time has not come.
    case notBefore
    /// As many of the handler's jobs run as may.
    case concurrency
    /// As many jobs run as may.
    case slots
    /// Its estimate does not fit beside what the running attempts use.
    case memory
    /// The processors are taken.
    case cpu
  }

  package var gate: Gate
  package var isOpen: Bool
  /// The numbers, in one sentence: "needs 256 MiB, 100 MiB of 2 GiB free".
  package var reason: String

  package init(gate: Gate, isOpen: Bool, reason: String) {
    self.gate = gate
    self.isOpen = isOpen
    self.reason = reason
  }
}
