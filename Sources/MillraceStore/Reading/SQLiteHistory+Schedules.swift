import GRDB
package import MillraceCore
import MillraceEngine

extension SQLiteHistory: ScheduleReader {
  package func schedule(named name: String) async throws -> Schedule? {
    try await read("read schedule `\(name)`") { db in try ScheduleRows.read(named: name, in: db) }
  }

  package func schedules(after name: String, atMost count: Int) async throws -> [Schedule] {
    try await read("list the schedules") { db in
      try ScheduleRows.read(after: name, atMost: count, in: db)
    }
  }

  package func fates(lastOfEach count: Int, handler: String?) async throws -> [Fate: Int] {
    try await read("count the fates of nominal times") { db in
      try ScheduleFigures.fates(lastOfEach: count, handler: handler, in: db)
    }
  }

  package func ticks(matching filter: TickFilter) async throws -> [TickRow] {
    try checkLimit(filter.limit)
    return try await read("list nominal times") { db in
      try Self.fetch(TickQuery(filter: filter).sql, in: db) { reader in
        TickRow(
          tick: try ScheduleRows.readTick(&reader), state: try reader.optionalWord(JobState.self),
          duration: reader.optionalSpan())
      }
    }
  }

  package func lastSuccess(of schedule: ScheduleID) async throws -> Timestamp? {
    try await read("look for the last success of schedule \(schedule)") { db in
      try Int64.fetchOne(
        db.cachedStatement(sql: ScheduleFigures.lastSuccess), arguments: [schedule.rawValue]
      ).map { Timestamp(rawValue: $0) }
    }
  }

  package func tallies(of schedules: [ScheduleID]) async throws -> [ScheduleID: ScheduleTally] {
    try await read("sum up \(schedules.count) schedules") { db in
      try schedules.reduce(into: [:]) { $0[$1] = try ScheduleFigures.tally(of: $1, in: db) }
    }
  }
}
