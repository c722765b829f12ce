import GRDB
import MillraceCore

/// Builds of plugins as rows of `plugin` and `handler`.
enum PluginRows {
  /// Adds a build, or notes that it was seen again; its handlers are as it says now.
  static func note(_ plugin: Plugin, at now: Timestamp, in db: Database) throws {
    try db.execute(
      sql: """
        INSERT INTO plugin (sha256, name, version, path, first_seen, last_seen) VALUES (?, ?, ?, ?, ?5, ?5)
        ON CONFLICT (sha256) DO UPDATE SET name = excluded.name, version = excluded.version,
          path = excluded.path, last_seen = excluded.last_seen
        """, arguments: [plugin.sha256, plugin.name, plugin.version, plugin.path, now.rawValue])
    try db.execute(sql: "DELETE FROM handler WHERE plugin = ?", arguments: [plugin.sha256])
    for (position, handler) in plugin.handlers.enumerated() {
      try db.execute(
        sql: """
          INSERT INTO handler (plugin, position, name, summary, parameter_schema, wishes, concurrency)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          plugin.sha256, position, handler.name, handler.summary,
          try handler.parameterSchema.map { try JSONText.encode($0) }, try JSONText.encode(handler.wishes),
          handler.concurrency,
        ])
    }
  }

  /// Returns the build of each plugin that was seen last, by name.
  static func newest(in db: Database) throws -> [Plugin] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT name, version, sha256, path FROM plugin AS build WHERE NOT EXISTS (
          SELECT 1 FROM plugin AS other WHERE other.name = build.name AND
            (other.last_seen, other.first_seen, other.rowid)
              > (build.last_seen, build.first_seen, build.rowid))
        ORDER BY name
        """)
    return try rows.map { row in
      Plugin(
        name: row["name"], version: row["version"], sha256: row["sha256"], path: row["path"],
        handlers: try handlers(of: row["sha256"], in: db))
    }
  }

  private static func handlers(of build: String, in db: Database) throws -> [Handler] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT name, summary, parameter_schema, wishes, concurrency FROM handler
        WHERE plugin = ? ORDER BY position
        """, arguments: [build])
    var handlers: [Handler] = []
    while let row = try rows.next() {
      var reader = RowReader(row)
      handlers.append(
        Handler(
          name: try reader.value(), summary: try reader.value(),
          parameterSchema: try reader.optionalJSON(JSONValue.self),
          wishes: try reader.optionalJSON(Wishes.self) ?? Wishes(),
          concurrency: (reader.optional() as Int64?).map(Int.init)))
    }
    return handlers
  }
}
