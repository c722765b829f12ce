import GRDB
import MillraceCore
import MillraceEngine

/// Puts submissions on record; the caller has the transaction.
struct AcceptanceWriter {
  let db: Database
  /// The path of the database, for errors.
  let file: String
  let now: Timestamp
  let telling: TransitionWriter

  /// Adds a job, or finds the one that has its key already. `batch` has the numbers of those before it.
  func accept(
    _ submission: Submission, workflow: Int64?, input: Payload?, batch: [JobID]
  ) throws -> Acceptance {
    let acceptance = try write(submission, workflow: workflow, input: input, batch: batch)
    telling.note(acceptance, of: submission, workflow: workflow)
    return acceptance
  }

  private func write(
    _ submission: Submission, workflow: Int64?, input: Payload?, batch: [JobID]
  ) throws -> Acceptance {
    if let key = submission.key, let known = try holder(of: key, handler: submission.handler) { return known }
    let id = try JobRow.insert(submission, workflow: workflow, at: now, in: db)
    try input?.insertInput(of: id, in: db)
    if let key = submission.key { try note(key, handler: submission.handler, job: id) }
    let first = submission.firstState(at: now)
    guard !submission.after.isEmpty else { return Acceptance(job: id, state: first) }
    let (open, broken) = try DependencyRows.insert(
      submission.after, of: id, batch: batch, file: file, in: db)
    if let broken {
      return try settle(id, submission, open: open, because: broken)
    }
    guard !open.isEmpty else { return Acceptance(job: id, state: first) }
    try db.execute(
      sql: "UPDATE job SET state = 'blocked', not_before = NULL WHERE id = ?", arguments: [id.rawValue])
    return Acceptance(job: id, state: .blocked, waitsFor: open)
  }

  /// A dependency can't be met any more: the job has ended, or is held where it is.
  private func settle(
    _ id: JobID, _ submission: Submission, open: [Dependency], because reason: EndReason
  ) throws -> Acceptance {
    switch submission.onDependencyFailure {
    case .cancel:
      try db.execute(
        sql: """
          UPDATE job SET state = 'cancelled', not_before = NULL, ended = ?, end_code = ?, end_message = ?
          WHERE id = ?
          """, arguments: [now.rawValue, reason.code, reason.message, id.rawValue])
      return Acceptance(job: id, state: .cancelled)
    case .hold:
      try db.execute(
        sql: "UPDATE job SET state = 'blocked', not_before = NULL, held = 1 WHERE id = ?",
        arguments: [id.rawValue])
      return Acceptance(job: id, state: .blocked, waitsFor: open, broken: reason)
    }
  }

  /// The job that has a key now; nil if none has.
  private func holder(of key: JobKey, handler: String) throws -> Acceptance? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT job.id, job.state, job.ended, job_key.until FROM job_key JOIN job ON job.id = job_key.job
        WHERE job_key.handler = ? AND job_key.text = ?
        """)
    guard let row = try Row.fetchOne(statement, arguments: [scope(of: key, handler), key.text]) else {
      return nil
    }
    var reader = RowReader(row)
    let (id, state) = (JobID(try reader.value()), try reader.word(JobState.self))
    let (ended, until) = (reader.optionalTime(), reader.optionalTime())
    guard until.map({ $0 > now }) ?? (ended == nil) else { return nil }
    return Acceptance(job: id, isNew: false, state: state)
  }

  private func note(_ key: JobKey, handler: String, job: JobID) throws {
    try StorableText.check(key.text, "key")
    try db.cachedStatement(
      sql: "INSERT OR REPLACE INTO job_key (handler, text, job, until) VALUES (?, ?, ?, ?)"
    ).execute(
      arguments: [scope(of: key, handler), key.text, job.rawValue, key.window.map { (now + $0).rawValue }])
  }

  private func scope(of key: JobKey, _ handler: String) -> String {
    switch key.scope {
    case .global: ""
    case .handler: handler
    }
  }
}
