package import MillraceCore

/// A schedule as it stands.
package struct ScheduleView: Codable, Sendable, Equatable {
  package var name: String
  /// As it was written; docs/schedules.md has the members.
  package var definition: JSONValue
  /// Tells this definition from every other, as `If-Match` wants it; nil for those who may not change it.
  package var revision: String?
  /// The file that it is from; nil if a command added it.
  package var file: String?
  package var created: String
  /// Since when it is paused; nil if it is not.
  package var paused: String?
  /// How many jobs its times have made.
  package var runs: Int
  /// When it is due next; nil if never, or if only the record was asked.
  package var next: PlannedTimeView?
  /// Its jobs that have not ended; nil if only the record was asked.
  package var unfinished: [JobID]?
  /// Its last nominal time; nil if it has none, or in the answer to a change.
  package var last: TickView?
  /// What keeps going wrong; nil in the answer to a change.
  package var warnings: [String]?

  /// Makes the view of a schedule as far as it is known.
  ///
  /// - Parameters:
  ///   - schedule: it.
  ///   - next: when it is due next.
  ///   - unfinished: its jobs that have not ended.
  ///   - rows: its last nominal times, the newest first, `ScheduleWarning.span` at least; nil if nobody
  ///     asked.
  ///   - tally: its figures, for the words of warnings.
  package init(
    _ schedule: Schedule, next: PlannedTime? = nil, unfinished: [JobID]? = nil, rows: [TickRow]? = nil,
    tally: ScheduleTally = ScheduleTally()
  ) {
    name = schedule.definition.name
    definition = schedule.definition.source
    revision = schedule.definition.revision
    file = schedule.file
    created = Wire.text(of: schedule.created)
    paused = schedule.paused.map(Wire.text)
    runs = schedule.runs
    self.next = next.map { PlannedTimeView($0) }
    self.unfinished = unfinished
    last = rows?.first.map { TickView($0) }
    warnings = rows.map { ScheduleWarning.texts(for: $0, tally) }
  }
}

/// A page of schedules, by name.
package struct SchedulePage: Codable, Sendable, Equatable {
  package var schedules: [ScheduleView]
  /// Give it as `after` for the next page; nil on the last one.
  package var next: String?

  package init(schedules: [ScheduleView], next: String? = nil) {
    self.schedules = schedules
    self.next = next
  }
}

/// A schedule with figures, its next times and its last ones.
package struct ScheduleDetail: Codable, Sendable, Equatable {
  package var schedule: ScheduleView
  package var tally: ScheduleTallyView
  /// The next times; empty if only the record was asked.
  package var times: [PlannedTimeView]
  /// The last times, the newest first.
  package var ticks: [TickView]

  /// How many times of each kind it has.
  package static let span = 10

  /// Makes the view of a schedule, with its rows the newest first.
  package init(_ schedule: ScheduleView, _ tally: ScheduleTally, times: [PlannedTime], rows: [TickRow]) {
    self.schedule = schedule
    self.tally = ScheduleTallyView(tally)
    self.times = times.map { PlannedTimeView($0) }
    ticks = rows.map { TickView($0) }
  }
}

/// The next times of a schedule.
package struct PlannedTimePage: Codable, Sendable, Equatable {
  package var times: [PlannedTimeView]

  package init(times: [PlannedTimeView]) { self.times = times }
}

/// Figures of a schedule, over all of its rows.
package struct ScheduleTallyView: Codable, Sendable, Equatable {
  /// How many nominal times had each fate, by its word.
  package var fates: [String: Int]
  package var succeeded: Int
  package var failed: Int
  /// Of its last jobs that succeeded.
  package var meanSeconds: Double?
  package var p95Seconds: Double?
  /// The last nominal time with a job.
  package var last: String?

  package init(_ tally: ScheduleTally) {
    fates = Dictionary(uniqueKeysWithValues: tally.fates.map { ($0.key.rawValue, $0.value) })
    succeeded = tally.succeeded
    failed = tally.failed
    meanSeconds = tally.meanDuration?.seconds
    p95Seconds = tally.p95Duration?.seconds
    last = tally.last.map(Wire.text)
  }
}

/// A nominal time that was, with its fate.
package struct TickView: Codable, Sendable, Equatable {
  /// In UTC.
  package var nominal: String
  /// As the clock of the schedule's zone showed it, with its offset.
  package var local: String
  package var fate: Fate
  /// When that was decided.
  package var decided: String
  package var job: JobID?
  /// The state of its job; nil without one, or when it is no longer on record.
  package var state: JobState?
  /// How long the last attempt at it took.
  package var seconds: Double?
  package var note: String?

  package init(_ row: TickRow) {
    self.init(row.tick)
    state = row.state
    seconds = row.duration?.seconds
  }

  package init(_ tick: Tick) {
    nominal = Wire.text(of: tick.nominal)
    local = tick.local
    fate = tick.fate
    decided = Wire.text(of: tick.decided)
    job = tick.job
    note = tick.note
  }
}

/// A page of nominal times, the newest first.
package struct TickPage: Codable, Sendable, Equatable {
  package var ticks: [TickView]
  /// Where the next page begins: its `before`; nil if there may be no more.
  package var next: String?

  package init(ticks: [TickView], next: String?) {
    self.ticks = ticks
    self.next = next
  }

  /// Makes the page of rows that a filter has found.
  package init(_ rows: [TickRow], of filter: TickFilter) {
    self.init(
      ticks: rows.map(TickView.init),
      next: rows.count == filter.limit ? rows.last.map { Wire.exactText(of: $0.tick.nominal) } : nil)
  }
}

/// The body of `POST /v1/schedules/NAME/backfill`: times as schedules have them, both included.
package struct BackfillRequest: Codable, Sendable, Equatable {
  package var from: String
  package var to: String

  package init(from: String, to: String) {
    self.from = from
    self.to = to
  }

  /// Returns a time of the span, read.
  /// - Throws: `Refusal` (`invalid`) that names the member.
  package static func time(_ name: String, _ text: String) throws -> WrittenTime {
    guard let time = WrittenTime(text: text) else {
      throw Refusal(.invalid, "`\(name)` is no time: `\(text)`", hint: "write \(WrittenTime.forms)")
    }
    return time
  }
}

/// What a backfill has made.
package struct BackfillView: Codable, Sendable, Equatable {
  package var ticks: [TickView]
  /// How many times of the span had a job already.
  package var existing: Int

  package init(ticks: [TickView], existing: Int) {
    self.ticks = ticks
    self.existing = existing
  }
}

/// How a job is made of a schedule now: the body of `POST /v1/schedules/NAME/run`, which may be empty.
package struct RunNowRequest: Codable, Sendable, Equatable {
  /// If a job of the same handler has it, none is made.
  package var key: String?

  package init(key: String? = nil) { self.key = key }
}

/// The job that is there then.
package struct RunNowAnswer: Codable, Sendable, Equatable {
  package var job: JobID

  package init(job: JobID) { self.job = job }
}

extension TickFilter {
  /// Returns all of the filter but its schedule as query items.
  package var queryItems: QueryItems {
    var items: QueryItems = fates.map(\.rawValue).sorted().map { ("fate", $0) }
    if let from { items.append(("from", Wire.exactText(of: from))) }
    if let before { items.append(("before", Wire.exactText(of: before))) }
    items.append(("limit", "\(limit)"))
    return items
  }

  /// Reads a filter from query items.
  /// - Throws: `Refusal` (`invalid`) that names the item.
  package init(schedule: ScheduleID, queryItems: QueryItems) throws {
    self.init(schedule: schedule)
    for (name, value) in queryItems {
      switch name {
      case "fate": fates.insert(try QueryValue.oneOf(Fate.self, name, value))
      case "from": from = try QueryValue.time(name, value)
      case "before": before = try QueryValue.time(name, value)
      case "limit": limit = try QueryValue.count(name, value, 1...10_000)
      default: throw QueryValue.unknown(name)
      }
    }
  }
}
