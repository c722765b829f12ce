package import MillraceCore

/// The settings that can be changed while the runner works, over those of the configuration.
package protocol RuntimeSettings: Sendable {
  /// Returns what holds with some settings in the place of the configuration's; nothing is changed by that.
  /// - Throws: `Refusal` for a setting that is not there, can't be so, or can't be changed now.
  func settled(with values: [String: String]) throws -> SettledSettings
  /// Puts in force what holds outside of the scheduler: limits of the kernel and the log.
  /// - Throws: `Refusal` if that can't be.
  func apply(_ values: [String: String]) throws
  /// Returns every setting that can be changed, in the order of the configuration: its value with some in
  /// the place of the configuration's, and that of the configuration.
  func list(with values: [String: String]) -> [(name: String, value: String, configured: String)]
}

/// What follows from settings for the scheduler and for new jobs.
package struct SettledSettings: Sendable {
  package var policy: Policy
  package var reception: Reception

  package init(policy: Policy, reception: Reception) {
    self.policy = policy
    self.reception = reception
  }
}
