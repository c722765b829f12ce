/// Why nothing can be simulated: a file, a value or a workload that can't be.
package struct SimulatorError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong, in one sentence.
  package var message: String
  /// What to do about it; nil if there is nothing to say.
  package var hint: String?

  package init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }

  package var description: String { message }
}
