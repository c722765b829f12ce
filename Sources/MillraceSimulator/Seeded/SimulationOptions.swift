/// What may be said of a simulation from outside.
package struct SimulationOptions: Sendable {
  /// How many jobs there are; nil for some dozens.
  package var jobs: Int?
  /// Settings of the policy, over what the seed draws.
  package var settings: [String] = []

  package init() {}
}
