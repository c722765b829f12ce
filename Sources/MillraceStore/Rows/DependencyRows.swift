import GRDB
import MillraceCore
import MillraceEngine

/// The dependencies of jobs as rows of the table `dependency`.
enum DependencyRows {
  /// All of a job's, as one column of JSON.
  static let column = """
    (SELECT json_group_array(json_array(position, needed, condition, name))
     FROM dependency WHERE dependency.job = job.id)
    """

  /// Adds those of a new job; `batch` has the numbers of the jobs accepted before it in the same batch.
  ///
  /// - Returns: what is not settled, and what can't be met any more.
  /// - Throws: `StoreError` for a job that is not there.
  static func insert(
    _ dependencies: [Dependency], of job: JobID, batch: [JobID], file: String, in db: Database
  ) throws -> (open: [Dependency], broken: EndReason?) {
    var open: [Dependency] = []
    var broken: EndReason?
    for (position, dependency) in dependencies.enumerated() {
      try StorableText.check(dependency.name, "name of a dependency")
      let needed = try number(of: dependency, batch: batch)
      try db.cachedStatement(
        sql: "INSERT INTO dependency (job, position, needed, condition, name) VALUES (?, ?, ?, ?, ?)"
      ).execute(
        arguments: [
          job.rawValue, position, needed.rawValue, dependency.condition.rawValue, dependency.name,
        ])
      guard let state = try state(of: needed, in: db) else {
        throw StoreError(
          action: "accept a job", file: file, reason: .unfit,
          detail: "it needs job \(needed), which is not there")
      }
      if !state.isFinal {
        open.append(Dependency(.job(needed), dependency.condition, name: dependency.name))
      } else if !dependency.condition.isMet(by: state), broken == nil {
        broken = .dependency(needed, state, neededAs: dependency.condition)
      }
    }
    return (open, broken)
  }

  private static func number(of dependency: Dependency, batch: [JobID]) throws -> JobID {
    switch dependency.needed {
    case .job(let id): return id
    case .position(let index):
      precondition(batch.indices.contains(index), "the request was checked")
      return batch[index]
    }
  }

  private static func state(of job: JobID, in db: Database) throws -> JobState? {
    let statement = try db.cachedStatement(sql: "SELECT state FROM job WHERE id = ?")
    guard let text = try String.fetchOne(statement, arguments: [job.rawValue]) else { return nil }
    return JobState(rawValue: text)
  }

  /// Reads `column`.
  static func read(_ reader: inout RowReader) throws -> [Dependency] {
    let text: String = try reader.value()
    if text == "[]" { return [] }
    let rows = try JSONText.decode([JSONValue].self, from: text).map { row in
      guard case .array(let values) = row, values.count == 4, case .integer(let position) = values[0],
        case .integer(let needed) = values[1], case .string(let word) = values[2],
        let condition = Dependency.Condition(rawValue: word)
      else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row can't be read: \(row)") }
      return (position, Dependency(.job(JobID(needed)), condition, name: values[3].string))
    }
    // SQLite before 3.44 promises no order within an aggregate.
    return rows.sorted { $0.0 < $1.0 }.map(\.1)
  }
}
