import GRDB
import MillraceCore

/// What the last attempts of each kind of job have shown.
///
/// The kinds are found by leaps along an index, and of each kind only so many rows are read: the cost grows
/// with the number of kinds, not with the history.
struct EvidenceQuery {
  /// At most so many attempts of each handler, and of each of its classes.
  var count: Int
  /// At most so many handlers and classes together; handlers come first, each in the order of their names.
  var maxKinds = Estimates.maxKeys

  /// Which attempts are evidence (`Outcome.isEvidence`); word for word the condition of the indices.
  static let condition = "outcome IN ('succeeded', 'oomOwnLimit', 'timedOut') AND started IS NOT NULL"

  /// The first handler after another.
  static let nextHandler = """
    SELECT handler FROM attempt INDEXED BY attempt_evidence
    WHERE handler > ? AND \(condition) ORDER BY handler LIMIT 1
    """

  /// The first class of a handler after another one.
  static let nextClass = """
    SELECT handler, class FROM attempt INDEXED BY attempt_class_evidence
    WHERE (handler, class) > (?, ?) AND class IS NOT NULL AND \(condition) ORDER BY handler, class LIMIT 1
    """

  /// The last attempts of a handler.
  static let lastOfHandler = """
    SELECT \(columns) FROM attempt INDEXED BY attempt_evidence
    WHERE handler = ? AND \(condition) ORDER BY ended DESC, job DESC, number DESC LIMIT ?
    """

  /// The last attempts of a class.
  static let lastOfClass = """
    SELECT \(columns) FROM attempt INDEXED BY attempt_class_evidence
    WHERE handler = ? AND class = ? AND \(condition) ORDER BY ended DESC, job DESC, number DESC LIMIT ?
    """

  private static let columns = """
    job, number, ended, handler, class, plugin_sha256, started, memory_peak, cpu,
    max(0, ended - started - frozen_time), time_to_peak
    """

  /// Reads them, in the order of their ends; an attempt that is among the last of two kinds comes once.
  func read(in db: Database) throws -> [Evidence] {
    var shown: [AttemptID: (ended: Timestamp, evidence: Evidence)] = [:]
    for kind in try kinds(in: db) {
      let arguments: StatementArguments =
        kind.jobClass.map { [kind.handler, $0, max(0, count)] } ?? [kind.handler, max(0, count)]
      let statement = try db.cachedStatement(
        sql: kind.jobClass == nil ? Self.lastOfHandler : Self.lastOfClass)
      let rows = try Row.fetchCursor(statement, arguments: arguments)
      while let row = try rows.next() {
        var reader = RowReader(row)
        let id = AttemptID(job: JobID(try reader.value()), number: try reader.int())
        shown[id] = (try reader.time(), try Self.evidence(from: &reader))
      }
    }
    return shown.sorted { ($0.value.ended, $0.key) < ($1.value.ended, $1.key) }.map(\.value.evidence)
  }

  private static func evidence(from reader: inout RowReader) throws -> Evidence {
    Evidence(
      handler: try reader.value(), jobClass: reader.optional(), build: try reader.value(),
      started: try reader.time(), memoryPeak: try reader.optionalBytes(), cpu: reader.optionalSpan(),
      duration: try reader.span(), timeToPeak: reader.optionalSpan())
  }

  private func kinds(in db: Database) throws -> [Estimates.Key] {
    var kinds: [Estimates.Key] = []
    let handlers = try db.cachedStatement(sql: Self.nextHandler)
    // No handler has an empty name.
    while kinds.count < maxKinds,
      let name = try String.fetchOne(handlers, arguments: [kinds.last?.handler ?? ""])
    {
      kinds.append(Estimates.Key(handler: name, jobClass: nil))
    }
    let classes = try db.cachedStatement(sql: Self.nextClass)
    var last = (handler: "", jobClass: "")
    while kinds.count < maxKinds,
      let row = try Row.fetchOne(classes, arguments: [last.handler, last.jobClass])
    {
      last = (row[0], row[1])
      kinds.append(Estimates.Key(handler: last.handler, jobClass: last.jobClass))
    }
    return kinds
  }
}
