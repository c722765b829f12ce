/// A nominal time to come, and what would become of it as things are.
package struct PlannedTime: Sendable, Hashable {
  package var time: NominalTime
  /// What will become of it, if that is known already: a calendar or the clock forbids it. Nil if it makes a
  /// job.
  package var fate: Fate?
  /// What a calendar or daylight saving does to it; nil if nothing.
  package var note: String?

  package init(time: NominalTime, fate: Fate? = nil, note: String? = nil) {
    self.time = time
    self.fate = fate
    self.note = note
  }
}
