import GRDB
import MillraceCore
import MillraceEngine

/// Deletes nominal times that are old; the caller has the transaction.
struct TickDeletionWriter {
  let db: Database

  func delete(_ query: OldTicksQuery, atMost count: Int) throws -> RowDeletion {
    var (deletion, schedules) = (RowDeletion(), Set<ScheduleID>())
    for row in try SQLRequest<Row>(literal: query.list(atMost: count)).fetchAll(db) {
      var reader = RowReader(row)
      let (schedule, nominal) = (ScheduleID(try reader.value()), try reader.time())
      deletion.last = try reader.time()
      deletion.count += 1
      schedules.insert(schedule)
      try db.cachedStatement(sql: "DELETE FROM tick WHERE schedule = ? AND nominal = ?")
        .execute(arguments: [schedule.rawValue, nominal.rawValue])
    }
    for schedule in schedules.sorted() { try ScheduleRows.deleteIfRemoved(schedule, in: db) }
    return deletion
  }
}
