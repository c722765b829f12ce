import GRDB
import MillraceCore
import MillraceEngine

/// Gathers the transitions of a transaction and writes them at its end; the caller has the transaction.
///
/// All of them share a row, so that they cost each commit one page.
final class TransitionWriter {
  private let db: Database
  private var transitions: [Transition] = []
  private var handlers: [JobID: String] = [:]

  /// Old ones are deleted each time that so many have come.
  static let slack: Int64 = 1024

  init(db: Database) { self.db = db }

  func note(_ transition: Transition) { transitions.append(transition) }

  func note(_ change: StoreChange) throws { transitions += try change.transitions(handler) }

  func note(_ acceptance: Acceptance, of submission: Submission, workflow: Int64?) {
    handlers[acceptance.job] = submission.handler
    transitions += acceptance.transitions(of: submission, workflow: workflow)
  }

  /// Writes them; returns the rows.
  func write(at time: Timestamp, keeping kept: Int64) throws -> [TransitionRow] {
    guard !transitions.isEmpty else { return [] }
    let last = try TransitionRows.last(in: db)
    let rows = TransitionRow.rows(of: transitions, after: last, at: time)
    for row in rows { try TransitionRows.insert(row, in: db) }
    let newest = last + Int64(transitions.count)
    if newest / Self.slack != last / Self.slack {
      try db.cachedStatement(sql: "DELETE FROM transition WHERE number <= ?")
        .execute(arguments: [min(newest - kept, newest - 1)])
    }
    return rows
  }

  private func handler(of job: JobID) throws -> String {
    if let known = handlers[job] { return known }
    let found = try String.fetchOne(
      db.cachedStatement(sql: "SELECT handler FROM job WHERE id = ?"), arguments: [job.rawValue])
    handlers[job] = found ?? ""
    return found ?? ""
  }
}
