/// A point in time at which a schedule is due.
package struct NominalTime: Sendable, Hashable {
  package let time: Timestamp
  /// What the calendar and the clock of its zone show then.
  package let local: CivilTime
  /// The offset of its zone then, in seconds east of UTC.
  package let offset: Int
  /// What daylight saving did to it; nil if nothing.
  package let daylight: DaylightEffect?

  init(_ time: Timestamp, _ local: CivilTime, _ daylight: DaylightEffect?) {
    (self.time, self.local, self.daylight) = (time, local, daylight)
    offset = Int(local.seconds - time.rawValue.flooredDivision(by: 1_000_000).quotient)
  }

  /// As ISO 8601, in local time with its offset: `2021-03-28T04:00:00+03:00`.
  package var text: String { local.text + CivilTime.text(ofOffset: offset) }
}

/// What a change of the clock did to a time that is due.
package enum DaylightEffect: Sendable, Hashable {
  /// Moved to the end of the gap that it lay in.
  case moved(from: CivilTime)
  /// Due itself, and also for an earlier time, which lay in the gap that ends now.
  case joined(by: CivilTime)
  /// The clock shows this time twice; now for the first time.
  case first
  /// The clock shows this time twice; now for the second time.
  case second

  /// Its name for programs.
  package var name: String {
    switch self {
    case .moved: "moved"
    case .joined: "joined"
    case .first: "first"
    case .second: "second"
    }
  }

  /// The skipped time of the clock that is made up for; nil if there is none.
  package var skipped: CivilTime? {
    switch self {
    case .moved(let time), .joined(let time): time
    case .first, .second: nil
    }
  }

  /// In words: `moved from 03:30, which the clock skips`.
  package var text: String {
    switch self {
    case .moved(let time): "moved from \(time.shortText), which the clock skips"
    case .joined(let time): "also for \(time.shortText), which the clock skips"
    case .first: "the first of two times that the clock shows this"
    case .second: "the second of two times that the clock shows this"
    }
  }
}

extension CivilTime {
  /// `03:30`.
  fileprivate var shortText: String { String(clockText.prefix(5)) }
}

extension ZoneRules {
  /// Returns a point in time with what the clock shows then; nil outside of the calendar.
  package func nominalTime(at time: Timestamp) -> NominalTime? {
    local(time).map { NominalTime(time, $0, nil) }
  }

  /// Returns when the clock shows a time: at the end of the gap if it skips it, the first time if it shows it
  /// twice.
  package func nominalTime(_ local: CivilTime) -> NominalTime {
    switch meaning(of: local) {
    case .once(let time):
      return NominalTime(time, local, nil)
    case .twice(let first, _):
      return NominalTime(first, local, .first)
    case .skipped(let end):
      // A gap ends within the calendar, but for one that nobody could make at its very end.
      return NominalTime(end, self.local(end) ?? local, .moved(from: local))
    }
  }
}
