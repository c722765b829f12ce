import FoundationEssentials
import GRDB
import MillraceCore
import MillraceEngine

/// Writes one change of a commit; the caller has the transaction.
struct ChangeWriter {
  let db: Database
  /// The path of the database, for errors.
  let file: String
  /// What is written in one step.
  let merged: MergedSteps

  private var course: CourseWriter { CourseWriter(changes: self) }

  /// Writes a change, with the input or the result that came with it.
  func write(_ change: StoreChange, payload: Payload?) throws {
    switch change {
    case .accepted(let job, let submission, let time):
      _ = try JobRow.insert(
        submission, as: job, workflow: nil, startsAtOnce: merged.startsAtOnce(job), at: time, in: db)
      try payload?.insertInput(of: job, in: db)
    case .starting(let attempt): try start(attempt)
    case .running(let id, let time): if merged.start(of: id) == nil { try run(id, at: time) }
    case .late(let id, let outcome): try note(outcome, afterLossOf: id)
    case .ended(let id, let end, let next): try finish(id, end, next: next, result: payload)
    case .closed, .unblocked, .held, .cancelRequested, .carried, .revived: try course.write(change)
    case .due(let job):
      try step(
        job, to: "queued", from: [.scheduled],
        "UPDATE job SET state = 'queued', not_before = NULL WHERE id = ? AND state = 'scheduled'",
        [job.rawValue])
    case .frozen(let id, let time): try freeze(id, at: time)
    case .thawed(let id, let time): try thaw(id, at: time)
    case .reprioritised(let job, let priority):
      try step(
        job, to: "of priority \(priority.rawValue)", from: JobState.unfinished,
        "UPDATE job SET priority = ? WHERE id = ? AND ended IS NULL", [priority.rawValue, job.rawValue])
    case .memo(let memo): try write(memo)
    case .announcedEnd(let job, let time): try EventWriter(db: db, file: file).announceEnd(of: job, at: time)
    case .told: break  // `TransitionWriter` writes it, with those of all others.
    case .announced(let event, let time): _ = try EventWriter(db: db, file: file).accept(event, at: time)
    }
  }

  private static let ending = endingSQL(from: "IN ('starting', 'running')")
  private static let endingAtOnce = endingSQL(from: "= 'starting'")

  private static func endingSQL(from states: String) -> String {
    """
    UPDATE job SET state = ?, not_before = ?, ended = ?, end_code = ?, end_message = ?,
      attempts_used = attempts_used + ?
    WHERE id = ? AND state \(states) AND attempts = ?
    """
  }

  private func write(_ memo: Memo) throws {
    guard let value = memo.value else {
      return try db.execute(
        sql: "DELETE FROM memo WHERE kind = ? AND name = ?", arguments: [memo.kind.rawValue, memo.name])
    }
    try db.execute(
      sql: "INSERT OR REPLACE INTO memo (kind, name, value) VALUES (?, ?, ?)",
      arguments: [memo.kind.rawValue, memo.name, try JSONText.encode(value)])
  }

  private func start(_ attempt: Attempt) throws {
    guard !merged.startsAtOnce(attempt.id.job) else { return try AttemptRow.insert(attempt, in: db) }
    // The number is a condition too: no attempt number is started twice and none is left out.
    try step(
      attempt.id.job, to: "starting as attempt `\(attempt.id)`", from: [.queued],
      """
      UPDATE job SET state = 'starting', attempts = attempts + 1
      WHERE id = ? AND state = 'queued' AND attempts + 1 = ?
      """, [attempt.id.job.rawValue, attempt.id.number])
    try AttemptRow.insert(attempt, in: db)
  }

  private func run(_ id: AttemptID, at time: Timestamp) throws {
    try step(
      id.job, to: "running as attempt `\(id)`", from: [.starting],
      "UPDATE job SET state = 'running' WHERE id = ? AND state = 'starting' AND attempts = ?",
      [id.job.rawValue, id.number])
    try db.cachedStatement(
      sql: """
        UPDATE attempt SET started = ? WHERE job = ? AND number = ? AND started IS NULL AND outcome IS NULL
        """
    ).execute(arguments: [time.rawValue, id.job.rawValue, id.number])
    try demandOneChange(of: id, "is not about to start")
  }

  private func finish(_ id: AttemptID, _ end: AttemptEnd, next: AfterAttempt, result: Payload?) throws {
    let (state, notBefore, ended, reason): (JobState, Timestamp?, Timestamp?, EndReason?) =
      switch next {
      case .done(let state, let reason): (state, nil, end.ended, reason)
      case .retry(let time): (.scheduled, time, nil, nil)
      case .requeue: (.queued, nil, nil, nil)
      }
    let started = merged.start(of: id)
    try step(
      id.job, to: "\(state) after attempt `\(id)`",
      from: started == nil ? [.starting, .running] : [.starting],
      started == nil ? Self.ending : Self.endingAtOnce,
      [
        state.rawValue, notBefore?.rawValue, ended?.rawValue, reason?.code, reason?.message,
        end.outcome.usesAttempt ? 1 : 0,
        id.job.rawValue,
        id.number,
      ])
    guard try AttemptRow.end(id, end, startedNow: started, in: db) == 1 else {
      throw wrong("attempt `\(id)` has ended already")
    }
    if let checkpoint = end.checkpoint {
      try db.cachedStatement(sql: "INSERT OR REPLACE INTO checkpoint (job, bytes) VALUES (?, ?)")
        .execute(arguments: [id.job.rawValue, Data(checkpoint)])
    }
    if ended != nil {
      // What it saved was for a next attempt.
      try db.cachedStatement(sql: "DELETE FROM checkpoint WHERE job = ?").execute(arguments: [id.job.rawValue]
      )
    }
    if let mediaType = end.result?.mediaType {
      try result?.insertResult(of: id, mediaType: mediaType, in: db)
    }
  }

  private func note(_ outcome: Outcome, afterLossOf id: AttemptID) throws {
    try db.execute(
      sql: "UPDATE attempt SET late_outcome = ? WHERE job = ? AND number = ? AND outcome = 'lost'",
      arguments: [outcome.rawValue, id.job.rawValue, id.number])
    try demandOneChange(of: id, "is not on record as lost")
  }

  private func freeze(_ id: AttemptID, at time: Timestamp) throws {
    try db.cachedStatement(
      sql: """
        UPDATE attempt SET frozen_since = ? WHERE job = ? AND number = ?
          AND started IS NOT NULL AND outcome IS NULL AND frozen_since IS NULL
        """
    ).execute(arguments: [time.rawValue, id.job.rawValue, id.number])
    try demandOneChange(of: id, "does not run or is frozen already, so it can't be frozen")
  }

  /// A wall clock that was set back between two runners makes no span negative.
  private func thaw(_ id: AttemptID, at time: Timestamp) throws {
    try db.cachedStatement(
      sql: """
        UPDATE attempt SET frozen_time = frozen_time + max(0, ? - frozen_since), frozen_since = NULL
        WHERE job = ? AND number = ? AND outcome IS NULL AND frozen_since IS NOT NULL
        """
    ).execute(arguments: [time.rawValue, id.job.rawValue, id.number])
    try demandOneChange(of: id, "is not frozen, so it can't go on")
  }

  /// Takes a job from one state to the next, and demands that it was there.
  func step(
    _ job: JobID, to target: @autoclosure () -> String, from expected: [JobState], _ sql: String,
    _ arguments: StatementArguments
  ) throws {
    try db.cachedStatement(sql: sql).execute(arguments: arguments)
    guard db.changesCount != 1 else { return }
    let found = try Row.fetchOne(
      db, sql: "SELECT state, attempts FROM job WHERE id = ?", arguments: [job.rawValue])
    guard let found else { throw wrong("job `\(job)` is not there, so it can't become \(target())") }
    let names = expected.map { "`\($0.rawValue)`" }.joined(separator: " or ")
    let state: String = found["state"]
    let attempts: Int = found["attempts"]
    throw wrong(
      "job `\(job)` is `\(state)` with \(attempts) attempts, not \(names), so it can't become \(target())")
  }

  private func demandOneChange(of id: AttemptID, _ complaint: String) throws {
    guard db.changesCount == 1 else { throw wrong("attempt `\(id)` \(complaint)") }
  }

  private func wrong(_ detail: String) -> StoreError {
    StoreError(action: "commit", file: file, reason: .wrongState, detail: detail)
  }
}
