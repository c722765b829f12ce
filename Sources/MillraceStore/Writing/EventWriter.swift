import GRDB
import MillraceCore
import MillraceEngine

/// Writes events and what schedules make of them; the caller has the transaction.
struct EventWriter {
  let db: Database
  /// The path of the database, for errors.
  let file: String

  /// Takes an event in, unless one with its source and id is there.
  func accept(_ event: CloudEvent, at received: Timestamp, hops: Int = 0) throws -> EventAcceptance {
    if let known = try EventRows.number(ofSource: event.source, id: event.id, in: db) {
      return EventAcceptance(number: known, isNew: false)
    }
    return EventAcceptance(
      number: try EventRows.insert(event, received: received, hops: hops, in: db), isNew: true)
  }

  /// Takes the event in that a job has ended.
  func announceEnd(of id: JobID, at received: Timestamp) throws {
    guard let job = try JobRow.fetch(id, in: db), job.state.isFinal else {
      throw wrong("job `\(id)` has not ended, so its end can't be announced")
    }
    let hops =
      try Optional<Int>.fetchOne(
        db.cachedStatement(sql: EventQueries.hops), arguments: [id.rawValue]) ?? nil
    _ = try accept(CloudEvent(endOf: job), at: received, hops: hops.map { $0 + 1 } ?? 0)
  }

  /// Notes about which events everything is decided, and which are gathered.
  func settle(_ settlement: EventSettlement) throws {
    for number in settlement.settled {
      try db.cachedStatement(sql: "UPDATE event SET is_open = 0 WHERE number = ?")
        .execute(arguments: [number.rawValue])
      guard db.changesCount == 1 else { throw wrong("event \(number) is not there") }
    }
    for (schedule, number) in settlement.gathered {
      // What is decided stays decided.
      try db.cachedStatement(
        sql: "INSERT INTO event_effect (event, schedule) VALUES (?, ?) ON CONFLICT DO NOTHING"
      ).execute(arguments: [number.rawValue, schedule.rawValue])
    }
  }

  /// Notes the nominal time that events came to, which has its row.
  func note(_ claim: Claim) throws {
    for number in claim.events {
      try db.cachedStatement(
        sql: """
          INSERT INTO event_effect (event, schedule, nominal) VALUES (?, ?, ?)
          ON CONFLICT (event, schedule) DO UPDATE SET nominal = excluded.nominal
          """
      ).execute(
        arguments: [number.rawValue, claim.tick.schedule.rawValue, claim.tick.nominal.rawValue])
    }
  }

  /// Forgets what a schedule gathers: it makes no job of it any more.
  func forgetGathered(by schedule: ScheduleID) throws {
    try db.cachedStatement(sql: "DELETE FROM event_effect WHERE schedule = ? AND nominal IS NULL")
      .execute(arguments: [schedule.rawValue])
  }

  /// Deletes old events.
  func delete(_ query: OldEventsQuery, atMost count: Int) throws -> RowDeletion {
    var deletion = RowDeletion()
    for row in try SQLRequest<Row>(literal: query.list(atMost: count)).fetchAll(db) {
      var reader = RowReader(row)
      let number: Int64 = try reader.value()
      deletion.last = try reader.time()
      deletion.count += 1
      try db.cachedStatement(sql: "DELETE FROM event WHERE number = ?").execute(arguments: [number])
    }
    return deletion
  }

  private func wrong(_ detail: String) -> StoreError {
    StoreError(action: "commit", file: file, reason: .wrongState, detail: detail)
  }
}
