import GRDB
import MillraceCore
import MillraceEngine

/// Workflows as rows of the table `workflow`, and their jobs.
enum WorkflowRows {
  /// Adds a workflow; returns its number.
  static func insert(_ head: WorkflowHead, at now: Timestamp, in db: Database) throws -> Int64 {
    try StorableText.check(head.name, "name of a workflow")
    try db.execute(
      sql: "INSERT INTO workflow (name, submitted, definition, key) VALUES (?, ?, ?, ?)",
      arguments: [head.name, now.rawValue, try JSONText.encode(head.definition), head.key])
    return db.lastInsertedRowID
  }

  static let withKey = """
    SELECT id FROM workflow INDEXED BY workflow_key WHERE key = ? AND submitted > ?
    ORDER BY submitted DESC LIMIT 1
    """

  /// Finds the workflow that has the key of another one; nil if there is none.
  static func known(_ head: WorkflowHead?, at now: Timestamp, in db: Database) throws -> AcceptedWorkflow? {
    guard let key = head?.key else { return nil }
    let since = now - WorkflowRequest.keyWindow
    guard let id = try Int64.fetchOne(db, sql: withKey, arguments: [key, since.rawValue]),
      let record = try read(id, in: db)
    else { return nil }
    return AcceptedWorkflow(
      id: id, jobs: record.jobs.map { Acceptance(job: $0.job, isNew: false, state: $0.state) }, isNew: false)
  }

  /// Reads a workflow with its jobs; nil if it is not there.
  static func read(_ id: Int64, in db: Database) throws -> WorkflowRecord? {
    let row = try Row.fetchOne(
      db, sql: "SELECT name, submitted, definition FROM workflow WHERE id = ?", arguments: [id])
    guard let row else { return nil }
    var reader = RowReader(row)
    let (name, submitted): (String, Timestamp) = (try reader.value(), try reader.time())
    let definition = try JSONText.decode(WorkflowDefinition.self, from: try reader.value())
    let members = try Row.fetchAll(
      db,
      sql: """
        SELECT id, step, state, held, end_code, end_message FROM job INDEXED BY job_workflow
        WHERE workflow = ? ORDER BY id
        """, arguments: [id]
    ).map(member)
    return WorkflowRecord(
      id: id, name: name, submitted: submitted, definition: definition, jobs: members)
  }

  private static func member(_ row: Row) throws -> WorkflowRecord.Member {
    var reader = RowReader(row)
    var member = WorkflowRecord.Member(
      job: JobID(try reader.value()), step: reader.optional(), state: try reader.word(JobState.self),
      isHeld: try reader.value())
    let (code, message): (String?, String?) = (reader.optional(), reader.optional())
    if let code, let message { member.reason = EndReason(code: code, message: message) }
    return member
  }

  /// A page of workflows, with how many jobs each has in each state.
  static let page = """
    SELECT page.id, page.name, page.submitted, job.state, ifnull(job.end_code = ?, 0), count(*)
    FROM (SELECT id, name, submitted FROM workflow WHERE id < ? ORDER BY id DESC LIMIT ?) AS page
      LEFT JOIN job INDEXED BY job_workflow ON job.workflow = page.id
    GROUP BY 1, 4, 5 ORDER BY 1 DESC
    """

  /// Sums up the newest workflows with a lower number than `before`.
  static func list(before: Int64?, limit: Int, in db: Database) throws -> [WorkflowSummary] {
    let rows = try Row.fetchCursor(
      db, sql: page, arguments: [EndReason.dependencyCode, before ?? .max, limit])
    var summaries: [WorkflowSummary] = []
    while let row = try rows.next() {
      var reader = RowReader(row)
      let id: Int64 = try reader.value()
      let (name, submitted): (String, Timestamp) = (try reader.value(), try reader.time())
      if summaries.last?.id != id {
        summaries.append(WorkflowSummary(id: id, name: name, submitted: submitted))
      }
      // Without jobs, they are pruned.
      guard let state = try reader.optionalWord(JobState.self) else { continue }
      let isForDependency: Bool = try reader.value()
      summaries[summaries.count - 1].count(
        state, isForDependency: isForDependency, times: try reader.int())
    }
    return summaries
  }
}
