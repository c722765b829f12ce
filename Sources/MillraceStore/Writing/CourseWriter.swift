import GRDB
import MillraceCore
import MillraceEngine

/// Writes what changes of a job while no attempt at it does.
struct CourseWriter {
  let changes: ChangeWriter

  func write(_ change: StoreChange) throws {
    switch change {
    case .closed(let job, let state, let reason, let time): try close(job, state, reason, at: time)
    case .unblocked(let job, let time):
      let state: JobState = time == nil ? .queued : .scheduled
      try changes.step(
        job, to: state.rawValue, from: [.blocked],
        "UPDATE job SET state = ?, not_before = ? WHERE id = ? AND state = 'blocked'",
        [state.rawValue, time?.rawValue, job.rawValue])
    case .held(let job, let isHeld):
      try changes.step(
        job, to: isHeld ? "held" : "released", from: JobState.unfinished,
        "UPDATE job SET held = ? WHERE id = ? AND ended IS NULL", [isHeld, job.rawValue])
    case .cancelRequested(let job, let time):
      try changes.step(
        job, to: "one that shall be cancelled", from: JobState.unfinished,
        "UPDATE job SET cancel_requested = coalesce(cancel_requested, ?) WHERE id = ? AND ended IS NULL",
        [time.rawValue, job.rawValue])
    case .carried(let job, let carryover):
      try changes.step(
        job, to: "carried on", from: JobState.unfinished,
        "UPDATE job SET carryover = ? WHERE id = ? AND ended IS NULL",
        [carryover == Carryover() ? nil : try JSONText.encode(carryover), job.rawValue])
    case .revived(let job, let state, let terms): try revive(job, to: state, terms)
    case .accepted, .starting, .running, .ended, .late, .due, .frozen, .thawed, .reprioritised, .memo,
      .announcedEnd, .announced, .told:
      preconditionFailure("`ChangeWriter` writes it")
    }
  }

  private func close(
    _ job: JobID, _ state: JobState, _ reason: EndReason, at time: Timestamp
  ) throws {
    try changes.step(
      job, to: state.rawValue, from: [.blocked, .scheduled, .queued],
      """
      UPDATE job SET state = ?, not_before = NULL, ended = ?, end_code = ?, end_message = ?
      WHERE id = ? AND state IN ('blocked', 'scheduled', 'queued')
      """, [state.rawValue, time.rawValue, reason.code, reason.message, job.rawValue])
    try changes.db.cachedStatement(sql: "DELETE FROM checkpoint WHERE job = ?")
      .execute(arguments: [job.rawValue])
  }

  private func revive(_ job: JobID, to state: JobState, _ terms: Terms?) throws {
    try changes.step(
      job, to: state.rawValue, from: [.failed, .cancelled],
      """
      UPDATE job SET state = ?, ended = NULL, end_code = NULL, end_message = NULL, attempts_used = 0,
        carryover = NULL, cancel_requested = NULL WHERE id = ? AND state IN ('failed', 'cancelled')
      """, [state.rawValue, job.rawValue])
    guard let terms else { return }
    let pairs = JobRow.termColumns.map { "\($0) = ?" }.joined(separator: ", ")
    try changes.db.cachedStatement(sql: "UPDATE job SET \(pairs) WHERE id = ?")
      .execute(arguments: StatementArguments(try JobRow.termValues(terms) + [job.rawValue]))
  }
}
