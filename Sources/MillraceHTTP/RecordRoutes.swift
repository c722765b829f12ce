import Hummingbird
import HummingbirdCore
import MillraceCore
import MillraceEngine
import MillraceWire

/// What can be done with the record as a whole.
struct RecordRoutes: Sendable {
  /// Nil if this runner keeps no record of its own.
  let keeping: (any RecordKeeping)?
  let bodies: BodyReader

  func add(to routes: inout RouteTable) {
    routes.change("/prune", needs: .role(.admin), use: prune)
    routes.change("/backup", needs: .role(.admin), use: backup)
  }

  @Sendable private func prune(_ request: Request, _ context: APIContext) async throws -> Response {
    let asked = try await bodies.pruning(of: request)
    var wish = PruneWish()
    wish.isRehearsal = asked.dryRun ?? false
    wish.states = asked.states ?? []
    wish.jobs = asked.ids
    wish.shrinks = asked.vacuum ?? false
    wish.olderThan = try asked.olderThanSeconds.map { seconds in
      guard (0...1e10).contains(seconds) else {
        throw Refusal(.invalid, "`older_than_seconds` must be 0 to 10000000000, not \(seconds)")
      }
      return .microseconds(Int64(seconds * 1e6))
    }
    return try Response(json: PruneView(try await known.prune(wish)))
  }

  @Sendable private func backup(_ request: Request, _ context: APIContext) async throws -> Response {
    let directory = try await bodies.backup(of: request).directory
    return try Response(json: BackupView(try await known.backup(to: directory)), status: .created)
  }

  private var known: any RecordKeeping {
    get throws {
      guard let keeping else { throw Refusal(.conflict, "this runner keeps no record of its own") }
      return keeping
    }
  }
}

extension PruneView {
  /// Makes the view of what went.
  init(_ report: PruneReport) {
    self.init(
      dryRun: report.isRehearsal,
      jobs: JobState.allCases.compactMap { state in
        report.tallies[state].map {
          PrunedJobsView(
            state: state, jobs: $0.jobs, attempts: $0.attempts, payloadBytes: $0.bytes.rawValue)
        }
      }, logFiles: report.logFiles, logBytes: report.logBytes.rawValue, builds: report.builds,
      buildBytes: report.buildBytes.rawValue, ticks: report.ticks, events: report.events,
      transitions: report.transitions, audit: report.audit,
      vacuumedBytes: report.shrunk.rawValue,
      databaseBytes: report.size.database.rawValue, freeBytes: report.size.free.rawValue,
      payloadBytes: report.size.payloads.rawValue, logsBytes: report.logsLeft.rawValue,
      canVacuum: report.size.canShrink, overBytes: report.over.rawValue)
  }
}

extension BackupView {
  /// Makes the view of a backup.
  init(_ report: BackupReport) {
    self.init(
      directory: report.directory, databaseBytes: report.database.rawValue, payloadFiles: report.files,
      payloadBytes: report.payloads.rawValue)
  }
}
