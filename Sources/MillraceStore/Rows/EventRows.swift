import GRDB
import MillraceCore

/// Events as rows of the table `event`, and what schedules made of them as rows of `event_effect`.
enum EventRows {
  /// The columns that `read` reads, in its order.
  static let columns = ["number", "source", "id", "type", "subject", "time", "received", "hops", "content"]
    .map { "event.\($0)" }.joined(separator: ", ")

  private static let insertion = """
    INSERT INTO event (source, id, type, subject, time, received, hops, content)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    """

  /// Adds an event about which everything is still to be decided.
  static func insert(
    _ event: CloudEvent, received: Timestamp, hops: Int, in db: Database
  ) throws -> EventNumber {
    try StorableText.check(event.source, "source of an event")
    try StorableText.check(event.id, "id of an event")
    try StorableText.check(event.type, "type of an event")
    try StorableText.check(event.subject, "subject of an event")
    try StorableText.check(event.time, "time of an event")
    try db.cachedStatement(sql: insertion).execute(
      arguments: [
        event.source, event.id, event.type, event.subject, event.time, received.rawValue, hops,
        try JSONText.encode(content(of: event)),
      ])
    return EventNumber(db.lastInsertedRowID)
  }

  /// Reads `columns`.
  static func read(_ reader: inout RowReader) throws -> EventRecord {
    let number = EventNumber(try reader.value())
    let (source, id, type): (String, String, String) = (
      try reader.value(), try reader.value(), try reader.value()
    )
    var event = CloudEvent(id: id, source: source, type: type)
    (event.subject, event.time) = (reader.optional(), reader.optional())
    let (received, hops) = (try reader.time(), try reader.int())
    let content = try JSONText.decode([String: JSONValue].self, from: try reader.value())
    event.dataContentType = content["datacontenttype"]?.string
    event.dataSchema = content["dataschema"]?.string
    event.data = content["data"]
    event.dataBase64 = content["data_base64"]?.string
    event.extensions = content["extensions"]?.object ?? [:]
    return EventRecord(number: number, event: event, received: received, hops: hops)
  }

  /// What has no column of its own; extensions are apart, so that none can be taken for something else.
  private static func content(of event: CloudEvent) -> JSONValue {
    var members: [String: JSONValue] = [:]
    members["datacontenttype"] = event.dataContentType.map { .string($0) }
    members["dataschema"] = event.dataSchema.map { .string($0) }
    members["data"] = event.data
    members["data_base64"] = event.dataBase64.map { .string($0) }
    if !event.extensions.isEmpty { members["extensions"] = .object(event.extensions) }
    return .object(members)
  }

  /// Returns the event that has a source and an id; nil if there is none.
  static func number(ofSource source: String, id: String, in db: Database) throws -> EventNumber? {
    try Int64.fetchOne(db.cachedStatement(sql: known), arguments: [source, id]).map { EventNumber($0) }
  }

  static let known = "SELECT number FROM event WHERE source = ? AND id = ?"

  /// What schedules made of an event: a few rows, by the names of these.
  static let effects = """
    SELECT schedule.name, event_effect.nominal, tick.fate, tick.job FROM event_effect
      CROSS JOIN schedule ON schedule.id = event_effect.schedule
      LEFT JOIN tick ON tick.schedule = event_effect.schedule AND tick.nominal = event_effect.nominal
    WHERE event_effect.event = ? ORDER BY schedule.name, schedule.id
    """

  /// Reads them.
  static func readEffects(of event: EventNumber, in db: Database) throws -> [EventRow.Effect] {
    try Row.fetchAll(db.cachedStatement(sql: effects), arguments: [event.rawValue]).map { row in
      var reader = RowReader(row)
      return EventRow.Effect(
        schedule: try reader.value(), nominal: reader.optionalTime(),
        fate: try reader.optionalWord(Fate.self),
        job: (reader.optional() as Int64?).map { JobID($0) })
    }
  }
}
