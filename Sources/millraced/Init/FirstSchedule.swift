/// A schedule of the maintenance that every machine needs, to start from.
struct FirstSchedule: Sendable {
  let name: String
  /// The plugin whose handler it calls: `health` for `libhealth.so`.
  let plugin: String
  /// Whether it names places that only the operator can know.
  let isTemplate: Bool
  let text: String

  static let all = [health, cleanup, backup, archive]

  private static let health = FirstSchedule(
    name: "health", plugin: "health", isTemplate: false,
    text: """
      # Fails when the machine runs short of disk or memory.
      every: 15m
      job:
        handler: health.check
        memory: 64M
        timeout: 2m
        parameters:
          checks:
            - {name: root, disk: /, min_free_percent: 5}
            - {name: memory, memory: 256M}

      """)

  private static let cleanup = FirstSchedule(
    name: "cleanup", plugin: "cleanup", isTemplate: true,
    text: """
      # Deletes old files. Name a directory that jobs may write to; then rename it to cleanup.yaml.
      # With `dry_run: true` it only tells what would go.
      cron: "10 3 * * *"
      job:
        handler: cleanup.files
        parameters:
          path: /srv/scratch
          older_than: 30d
          dry_run: true

      """)

  private static let backup = FirstSchedule(
    name: "database", plugin: "sqlite", isTemplate: true,
    text: """
      # Copies a database of SQLite, checks the copy, and keeps the last 7. Name yours, which jobs may read,
      # and a directory that they may write to; then rename this file to database.yaml. (The runner's own
      # record is for `millrace backup` and `millrace doctor`.)
      cron: "40 3 * * *"
      job:
        handler: sqlite.maintain
        parameters:
          database: /srv/app/app.db
          actions: [backup]
          backup_directory: /srv/backups/app

      """)

  private static let archive = FirstSchedule(
    name: "archive", plugin: "archiver", isTemplate: true,
    text: """
      # Packs a directory. Name one that jobs may read and a place that they may write to, then rename this
      # file to archive.yaml.
      cron: "20 4 * * 0"
      job:
        handler: file.archive
        parameters:
          path: /srv/data
          archive: "/srv/archives/data-{{nominal_date}}.tar.zst"

      """)
}
