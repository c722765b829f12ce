import ArgumentParser
import Glibc
import MillraceClient
import MillraceCore
import MillraceWire

/// `millrace backup`: copies the record while jobs run.
struct BackupCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup",
    abstract: "Copy the record into a new directory while jobs run.",
    discussion: """
      examples:
        millrace backup /var/backups/millrace-$(date +%F)
        millraced --state /var/backups/millrace-2026-11-24 …

      The copy is the record at one moment with all inputs and results, without logs. It is a state \
      directory: a runner that is started with it has the history, and starts what had not ended again. It \
      must not be there yet. With the runner down, copy its state directory.
      """)

  @Argument(help: "The directory to make.", completion: .directory)
  var directory: String

  @OptionGroup var runner: RunnerOptions
  @OptionGroup var format: OutputOptions

  func run() throws {
    let view = try runner.client.backup(to: try Self.absolute(directory))
    try format.print(one: view, as: .backups, json: view) { Table.backups.card(view, paint: $0) }
  }

  /// Returns a path as the runner has to see it, which works in another directory.
  private static func absolute(_ path: String) throws -> String {
    if path.hasPrefix("/") { return path }
    guard let current = getcwd(nil, 0) else {
      throw CommandError(.failure, "cannot tell the working directory: \(String(cString: strerror(errno)))")
    }
    defer { free(current) }
    return String(cString: current) + "/" + path
  }
}

extension Table where Row == BackupView {
  /// Backups, a line each.
  static var backups: Table {
    Table(
      [
        Column("DIRECTORY", "directory") { $0.directory },
        Column("DATABASE", "database_bytes", .right, raw: { "\($0.databaseBytes)" }) {
          Figures.bytes($0.databaseBytes)
        },
        Column("PAYLOAD FILES", "payload_files", .right) { "\($0.payloadFiles)" },
        Column("PAYLOADS", "payload_bytes", .right, raw: { "\($0.payloadBytes)" }) {
          Figures.bytes($0.payloadBytes)
        },
      ], id: { $0.directory })
  }
}
