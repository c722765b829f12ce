/// Which events on record are asked for.
package struct EventQuery: Sendable, Hashable {
  /// Their types fit; nil for all.
  package var type: NamePattern?
  /// Of this source; nil for all.
  package var source: String?
  /// Those before this one; nil for no bound.
  package var before: EventNumber?
  package var limit: Int

  package init(limit: Int = 100) { self.limit = limit }
}

/// An event on record with what came of it.
package struct EventRow: Sendable, Hashable {
  package var record: EventRecord
  /// Whether nothing is decided about it yet.
  package var isOpen: Bool
  /// What schedules made of it, by the names of these.
  package var effects: [Effect]

  /// What one schedule made of it.
  package struct Effect: Sendable, Hashable {
    package var schedule: String
    /// The nominal time of its row; nil while it is gathered with others.
    package var nominal: Timestamp?
    package var fate: Fate?
    package var job: JobID?

    package init(schedule: String, nominal: Timestamp? = nil, fate: Fate? = nil, job: JobID? = nil) {
      self.schedule = schedule
      self.nominal = nominal
      self.fate = fate
      self.job = job
    }
  }

  package init(record: EventRecord, isOpen: Bool, effects: [Effect]) {
    self.record = record
    self.isOpen = isOpen
    self.effects = effects
  }
}
