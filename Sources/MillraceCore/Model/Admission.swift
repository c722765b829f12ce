/// What admission knew when it let an attempt start: the stored half of `why`.
package struct Admission: Hashable, Sendable, Codable {
  /// What the attempt was expected to need.
  package var demand: Resources
  /// What the running attempts took at that moment.
  package var used: Resources
  /// What there was in all.
  package var capacity: Resources
  /// On what the expected memory rests.
  package var basis: Basis
  /// Jobs that waited.
  package var queued: Int
  package var pressure: Pressure
  /// Whether it started before jobs that rank before it, without delaying the first of them.
  package var isBackfill: Bool
  /// The gate that last held its job back while it was the first in rank; nil if none did.
  package var heldBy: GateVerdict?

  /// Makes the admission of an attempt.
  package init(
    demand: Resources, used: Resources, capacity: Resources, basis: Basis = .declared, queued: Int,
    pressure: Pressure = .none, isBackfill: Bool = false, heldBy: GateVerdict? = nil
  ) {
    self.demand = demand
    self.used = used
    self.capacity = capacity
    self.basis = basis
    self.queued = queued
    self.pressure = pressure
    self.isBackfill = isBackfill
    self.heldBy = heldBy
  }
}
