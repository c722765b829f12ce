import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// A record that was copied while jobs ran, and a runner that is started with the copy.
@Suite("Backup and restore", .serialized, .timeLimit(.minutes(5)))
struct BackupTests {
  @Test("a runner on a backup has the history, runs again what ran, and runs what waited")
  func restore() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"], configuration: "capacity: {slots: 1}")
    try await runner.start(handlers: 1)
    let done = try await runner.submit("exec", "--", "echo", "kept")
    _ = try await runner.lastAttempt(of: done)
    let go = runner.home + "/go"
    let running = try await runner.submit(
      "exec", "--", "sh", "-c", "while [ ! -e \(go) ]; do sleep 0.1; done")
    try await runner.waitForStart(of: running)
    let waiting = try await runner.submit("exec", "--", "true")
    let before = try await runner.answer(HistoryPage.self, "history")

    let copy = runner.home + "/copy"
    let view = try await runner.answer(BackupView.self, "backup", copy)
    #expect(view.directory == copy)
    #expect(try await runner.millrace("backup", copy).status == 125, "it is there already")
    try Data().write(to: URL(fileURLWithPath: go))
    _ = try await runner.lastAttempt(of: waiting)
    #expect(await runner.stop() == 0)

    // Restore, as docs/keeping.md says.
    try FileManager.default.moveItem(atPath: runner.state, toPath: runner.state + ".old")
    try FileManager.default.copyItem(atPath: copy, toPath: runner.state)
    try await runner.start(handlers: 1)
    let again = try await runner.lastAttempt(of: running)
    #expect(again.id == "\(running).2" && again.outcome == .succeeded)
    let lost = try await runner.answer(JobDetail.self, "show", running).attempts
    #expect(lost.map(\.outcome) == [.lost, .succeeded])
    #expect(try await runner.lastAttempt(of: waiting).id == "\(waiting).1")
    let after = try await runner.answer(HistoryPage.self, "history")
    let ended = before.attempts.filter { $0.outcome != nil }
    #expect(!ended.isEmpty && ended.allSatisfy(after.attempts.contains))
    #expect(await runner.stop() == 0)
  }

  @Test("prune deletes ended jobs and their logs, and doctor finds the rest whole")
  func prune() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let job = try await runner.submit("exec", "--", "echo", "words")
      _ = try await runner.lastAttempt(of: job)
      #expect(FileManager.default.fileExists(atPath: "\(runner.state)/logs/\(job)/1.log"))
      let trial = try await runner.answer(PruneView.self, "prune", "--dry-run", "--older-than", "0")
      #expect(trial.jobs.map(\.jobs) == [1] && trial.dryRun)
      #expect(try await runner.millrace("prune", "--older-than", "0").status == 2, "--yes is missing")
      #expect(try await runner.millrace("show", job).status == 0)
      let pruned = try await runner.answer(PruneView.self, "prune", "--older-than", "0", "--yes", "--vacuum")
      #expect(pruned.jobs.map(\.attempts) == [1] && pruned.logFiles == 1)
      #expect(try await runner.millrace("show", job).status == 4)
      #expect(!FileManager.default.fileExists(atPath: "\(runner.state)/logs/\(job)"))
      let doctor = try await Programs.run(
        "millraced", ["doctor", "--state", runner.state, "--socket", runner.socket, "-o", "json"])
      #expect(doctor.output.contains("is whole"), "\(doctor.output)\(doctor.errors)")
      #expect(doctor.output.contains("while the runner works on it"))
    }
  }
}
