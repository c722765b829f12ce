/// The number of a schedule; one that was removed and added again has another.
package struct ScheduleID: RawRepresentable, Hashable, Comparable, Sendable, Codable,
  CustomStringConvertible
{
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }

  package init(_ rawValue: Int64) { self.rawValue = rawValue }

  package static func < (left: ScheduleID, right: ScheduleID) -> Bool { left.rawValue < right.rawValue }

  package var description: String { "\(rawValue)" }
}

/// A schedule as it stands on record.
///
/// All times are those of the wall clock, which may be set: what was decided stays decided, for times are
/// counted on from `decided`.
package struct Schedule: Sendable, Equatable {
  package let id: ScheduleID
  package var definition: ScheduleDefinition
  /// The file that it is from; nil if a command added it.
  package var file: String?
  package var created: Timestamp
  /// Nominal times up to this one have their rows: the next is looked for after it.
  package var decided: Timestamp
  /// Since when it is paused; nil if it is not.
  package var paused: Timestamp?
  /// How many jobs its times have made.
  package var runs: Int
  /// Times that a calendar has put off to a day that it allows, in order.
  package var postponed: [Timestamp]

  /// Makes a schedule, as it is when it is new.
  package init(id: ScheduleID, _ definition: ScheduleDefinition, file: String? = nil, created: Timestamp) {
    self.id = id
    self.definition = definition
    self.file = file
    self.created = created
    decided = created
    paused = nil
    runs = 0
    postponed = []
  }
}

extension Schedule {
  /// Notes that a time has its row.
  mutating func pass(_ due: NominalTimes.DueTime) {
    decided = max(decided, due.nominal.time)
    if due.isPostponed { postponed.removeFirst() }
  }

  /// Adds a time to those that were put off.
  mutating func postpone(to time: Timestamp) {
    postponed.insert(time, at: postponed.firstIndex { $0 > time } ?? postponed.count)
  }

  /// Returns how long after a nominal time its job starts: drawn anew for each, and the same whenever it is
  /// asked for.
  func jitter(at time: Timestamp) -> Duration {
    guard definition.jitter > .zero else { return .zero }
    var seeds = SeededGenerator(seed: UInt64(bitPattern: id.rawValue))
    var random = SeededGenerator(seed: seeds.next() ^ UInt64(bitPattern: time.rawValue))
    return .microseconds(Int64.random(in: 0...definition.jitter.microseconds, using: &random))
  }
}
