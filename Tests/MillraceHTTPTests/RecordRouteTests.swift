import MillraceCore
import MillraceEngine
import MillraceWire
import Synchronization
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("The routes of the record")
struct RecordRouteTests {
  /// Notes what it is asked, and answers the same each time.
  private final class FakeKeeping: RecordKeeping {
    let wishes = Mutex<[PruneWish]>([])

    func prune(_ wish: PruneWish) async throws -> PruneReport {
      wishes.withLock { $0.append(wish) }
      var report = PruneReport()
      report.isRehearsal = wish.isRehearsal
      report.tallies = [
        .failed: JobTally(jobs: 1, attempts: 3, bytes: Bytes(7)),
        .succeeded: JobTally(jobs: 2, attempts: 2, bytes: Bytes(5)),
      ]
      (report.logFiles, report.logBytes, report.logsLeft) = (4, Bytes(8), Bytes(9))
      report.size = RecordSize(
        database: Bytes(10), free: Bytes(11), payloads: Bytes(12), canShrink: true)
      return report
    }

    func backup(to directory: String) async throws -> BackupReport {
      guard directory.hasPrefix("/") else { throw Refusal(.invalid, "`\(directory)` is not absolute") }
      return BackupReport(directory: directory, database: Bytes(1), files: 2, payloads: Bytes(3))
    }
  }

  @Test("a pruning is passed on with its limits, and what went is answered by state")
  func prune() async throws {
    let keeping = FakeKeeping()
    try await TestServer.with(keeping: keeping) { server in
      let body = #"{"dry_run":true,"older_than_seconds":1.5,"states":["failed"],"vacuum":true}"#
      let view: PruneView = try await server.request("POST", "/v1/prune", body: body).decoded()
      #expect(view.dryRun && view.canVacuum && view.freeBytes == 11 && view.logsBytes == 9)
      #expect(
        view.jobs == [
          PrunedJobsView(state: .succeeded, jobs: 2, attempts: 2, payloadBytes: 5),
          PrunedJobsView(state: .failed, jobs: 1, attempts: 3, payloadBytes: 7),
        ])
      _ = try await server.request("POST", "/v1/prune", body: "{}")
      var wish = PruneWish()
      (wish.isRehearsal, wish.olderThan, wish.states, wish.shrinks) = (
        true, .milliseconds(1500), [.failed], true
      )
      #expect(keeping.wishes.withLock { $0 } == [wish, PruneWish()])
    }
  }

  @Test("what can't be is refused, and a runner without a record of its own says so")
  func refusals() async throws {
    try await TestServer.with(keeping: FakeKeeping()) { server in
      for (body, status) in [
        (#"{"older_than":3}"#, 422), (#"{"older_than_seconds":-1}"#, 422), (#"{"states":["gone"]}"#, 400),
      ] {
        #expect(try await server.request("POST", "/v1/prune", body: body).status == status, "\(body)")
      }
      #expect(try await server.request("POST", "/v1/backup", body: #"{"directory":"a"}"#).status == 422)
      let made = try await server.request("POST", "/v1/backup", body: #"{"directory":"/a"}"#)
      #expect(made.status == 201)
      let view: BackupView = try made.decoded()
      #expect(view == BackupView(directory: "/a", databaseBytes: 1, payloadFiles: 2, payloadBytes: 3))
    }
    try await TestServer.with { server in
      let refused = try await server.request("POST", "/v1/prune", body: "{}")
      #expect(refused.status == 409)
    }
  }
}
