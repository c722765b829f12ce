package import Logging
package import MillraceCore

/// Keeps the record within its bounds: prunes at the start, when something is old enough, and at most once an
/// hour while jobs end.
///
/// Rows go before the files that belong to them, so a crash leaves files without a row, never a row without
/// its file; such files go at the next start. Between two slices whoever waits for a commit has its turn.
package actor RecordKeeper: RecordKeeping {
  let store: any RecordStore
  let files: any AttemptFiles
  let clock: any SteadyClock
  let retention: Retention
  let log: Logger
  /// The SHA-256 of the plugins in use; nil while that is not known.
  let buildsInUse: @Sendable () async -> Set<String>?
  private let bell: AsyncStream<Void>
  private let ring: AsyncStream<Void>.Continuation
  /// Whether it was said that the bound can't be kept.
  private var hasWarned = false

  /// The least time between two prunings that nobody asked for.
  package static let interval: Duration = .seconds(3600)
  /// How many jobs go in one transaction if nothing else is said: whoever waits for a commit waits for one of
  /// them.
  package static let slice = 20
  /// How many jobs go in one transaction.
  let slice: Int
  /// So many nominal times go in the time of a job, which has many more rows.
  static let ticksPerJob = 10
  /// A copy of a build that is younger may be on its way into use.
  static let youngBuild: Duration = .seconds(3600)

  /// Makes a keeper; `run` starts it.
  package init(
    store: any RecordStore, files: any AttemptFiles, clock: any SteadyClock, retention: Retention,
    log: Logger,
    slice: Int = RecordKeeper.slice, buildsInUse: @escaping @Sendable () async -> Set<String>?
  ) {
    self.store = store
    self.files = files
    self.clock = clock
    self.retention = retention
    self.log = log
    self.slice = slice
    self.buildsInUse = buildsInUse
    (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// Keeps the record until cancelled.
  package func run() async {
    ring.yield()
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.followActivity() }
      var timer: Task<Void, Never>?
      for await _ in bell {
        let next = await pruneUnasked()
        timer?.cancel()
        timer = next.map { next in
          Task { [clock, ring] in
            // Cancelled: there is another one.
            guard (try? await clock.sleep(until: next)) != nil else { return }
            ring.yield()
          }
        }
      }
      timer?.cancel()
      group.cancelAll()
    }
  }

  /// What was accepted and committed takes room: looks at the bound an hour later.
  private func followActivity() async {
    guard retention.bytes != nil else { return }
    for await _ in store.activity {
      // Cancelled: so is the one who asks.
      guard (try? await clock.sleep(until: clock.now() + Self.interval)) != nil else { return }
      ring.yield()
    }
  }

  /// Applies the configuration.
  /// - Returns: when that has to be done again.
  private func pruneUnasked() async -> Timestamp? {
    do {
      let report = try await prune(PruneWish())
      if !report.isEmpty { log.notice("record pruned", metadata: report.metadata) }
      warn(of: report)
      return report.next.map { max($0, clock.now() + Self.interval) }
    } catch {
      if !Task.isCancelled { log.error("record not pruned", metadata: ["error": "\(error)"]) }
      return clock.now() + Self.interval
    }
  }

  private func warn(of report: PruneReport) {
    if report.over > .zero, !hasWarned {
      log.warning(
        "the record passes `retention.bytes`, and nothing more of it may go",
        metadata: ["by": "\(report.over)"])
    }
    hasWarned = report.over > .zero
  }

  package func backup(to directory: String) async throws -> BackupReport {
    guard directory.hasPrefix("/") else {
      throw Refusal(.invalid, "the directory of a backup must be an absolute path, not `\(directory)`")
    }
    do {
      return try await store.backup(to: directory)
    } catch {
      throw Refusal(.storage, "\(error)")
    }
  }
}

extension PruneReport {
  /// For the log.
  var metadata: Logger.Metadata {
    [
      "jobs": "\(tally.jobs)", "attempts": "\(tally.attempts)", "payloads": "\(tally.bytes)",
      "logs": "\(logFiles)", "builds": "\(builds)", "ticks": "\(ticks)",
      "events": "\(events)", "transitions": "\(transitions)", "audit": "\(audit)",
    ]
  }
}
