package import MillraceCore

/// A time that a schedule is due at: `GET /v1/schedules/{name}/preview`, and `schedule preview`.
package struct PlannedTimeView: Codable, Sendable, Equatable {
  /// What daylight saving did.
  package struct Effect: Codable, Sendable, Equatable {
    /// `moved`, `joined`, `first` or `second`.
    package var effect: String
    /// The time that the clock skips; nil if there is none.
    package var from: String?
    package var note: String
  }

  /// Local time with its offset, as ISO 8601.
  package var time: String
  package var utc: String
  package var offset: String
  /// In JSON it is there also if it is null: that there is nothing to say is said.
  package var daylightSaving: Effect?
  /// What will become of it, if it makes no job; nil if it makes one, or if no schedule is asked for.
  package var fate: Fate?
  /// What a calendar or daylight saving does to it; nil if nothing.
  package var note: String?

  private enum CodingKeys: String, CodingKey { case time, utc, offset, daylightSaving, fate, note }

  /// Makes the view of a time that no schedule is asked for.
  package init(_ nominal: NominalTime) {
    time = nominal.text
    utc = Wire.text(of: nominal.time)
    offset = CivilTime.text(ofOffset: nominal.offset)
    daylightSaving = nominal.daylight.map {
      Effect(effect: $0.name, from: $0.skipped?.text, note: $0.text)
    }
  }

  /// Makes the view of a time of a schedule.
  package init(_ planned: PlannedTime) {
    self.init(planned.time)
    fate = planned.fate
    note = planned.note
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(time, forKey: .time)
    try container.encode(utc, forKey: .utc)
    try container.encode(offset, forKey: .offset)
    try container.encode(daylightSaving, forKey: .daylightSaving)
    try container.encodeIfPresent(fate, forKey: .fate)
    try container.encodeIfPresent(note, forKey: .note)
  }
}
