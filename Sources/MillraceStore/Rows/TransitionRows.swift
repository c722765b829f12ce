import GRDB
import MillraceCore

/// Transitions as rows of the table `transition`: those of one commit together.
enum TransitionRows {
  /// What the schema `v7` adds. `number` is that of the last transition in it, so that the next one follows
  /// from the highest. That row is never deleted, so no number comes twice: AUTOINCREMENT would cost each
  /// commit one more page.
  static let table = """
    CREATE TABLE transition (
      number INTEGER PRIMARY KEY,
      time INTEGER NOT NULL,
      content TEXT NOT NULL CHECK (json_valid(content) AND json_type(content) = 'array')
    ) STRICT
    """

  /// A CHECK forbids it, but a connection that can't write knows no CHECK.
  private static let unreadable = """
    SELECT number FROM transition WHERE iif(json_valid(content), json_type(content), '') <> 'array' LIMIT 10
    """

  /// Returns what is damaged, a line each, up to ten.
  static func damages(in db: Database) throws -> [String] {
    try Int64.fetchAll(db, sql: unreadable).map { "the transitions up to \($0) can't be read" }
  }

  /// Returns the number of the last transition; 0 if there was none.
  static func last(in db: Database) throws -> Int64 {
    try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(number) FROM transition")) ?? 0
  }

  static let above = "SELECT number, time, content FROM transition WHERE number > ? ORDER BY number LIMIT ?"

  static func read(after last: Int64, atMost count: Int, in db: Database) throws -> [TransitionRow] {
    try SQLiteHistory.fetch(SQL(sql: above, arguments: [last, count]), in: db) { try read(&$0) }
  }

  /// Returns the first row; nil if there is none.
  static func first(in db: Database) throws -> TransitionRow? {
    try read(after: .min, atMost: 1, in: db).first
  }

  private static func read(_ reader: inout RowReader) throws -> TransitionRow {
    let (number, time): (Int64, Timestamp) = (try reader.value(), try reader.time())
    let stored = try JSONText.decode([StoredTransition].self, from: try reader.value())
    return TransitionRow(last: number, time: time, transitions: try stored.map { try $0.transition })
  }

  static func insert(_ row: TransitionRow, in db: Database) throws {
    var text = "["
    for transition in row.transitions {
      if text.utf8.count > 1 { text += "," }
      text += try self.text(of: transition)
    }
    text += "]"
    try db.cachedStatement(sql: "INSERT INTO transition (number, time, content) VALUES (?, ?, ?)")
      .execute(arguments: [row.last, row.time.rawValue, text])
  }

  /// The same text as an encoder would give, in a tenth of its time: a job has seven of them.
  static func text(of transition: Transition) throws -> String {
    var text = #"{"k":"\#(transition.kind.rawValue)""#
    if let job = transition.job { text += #","j":\#(job.rawValue)"# }
    if let attempt = transition.attempt { text += #","a":\#(attempt)"# }
    if let handler = transition.handler { text += #","h":\#(try JSONText.encode(.string(handler)))"# }
    if let state = transition.state { text += #","s":"\#(state.rawValue)""# }
    if let time = transition.time { text += #","t":\#(time.rawValue)"# }
    if !transition.details.isEmpty { text += #","d":\#(try JSONText.encode(.object(transition.details)))"# }
    return text + "}"
  }
}

/// How a transition is written in a row.
private struct StoredTransition: Decodable {
  private var kind: String
  private var job: Int64?
  private var attempt: Int?
  private var handler: String?
  private var state: JobState?
  private var time: Int64?
  private var details: [String: JSONValue]?

  private enum CodingKeys: String, CodingKey {
    case kind = "k"
    case job = "j"
    case attempt = "a"
    case handler = "h"
    case state = "s"
    case time = "t"
    case details = "d"
  }

  var transition: Transition {
    get throws {
      guard let kind = Transition.Kind(rawValue: kind) else {
        throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "`\(kind)` is no transition")
      }
      return Transition(
        kind, job: job.map { JobID($0) }, attempt: attempt, handler: handler, state: state,
        time: time.map { Timestamp(rawValue: $0) }, details: details ?? [:])
    }
  }
}
