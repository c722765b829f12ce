import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// Handlers that ship, as real jobs: another user, no rights, the limits that they ask for.
@Suite("Handlers that ship", .serialized, .timeLimit(.minutes(5)))
struct ShippedHandlerTests {
  @Test("a tree is packed, unpacked, mirrored and cleaned by jobs of another user")
  func tree() async throws {
    let directory = TestDirectory.newPath("files")
    let source = "\(directory)/from/a"
    try FileManager.default.createDirectory(atPath: source, withIntermediateDirectories: true)
    for number in 0..<20 {
      try "file \(number)".write(toFile: "\(source)/f\(number)", atomically: false, encoding: .utf8)
    }
    for path in [directory, "\(directory)/from", source] { #expect(chmod(path, 0o777) == 0) }
    try await RunnerUnderTest.with(plugins: ["archiver", "mirror", "cleanup"]) { runner in
      let archive = "archive=\(directory)/x.tar.zst"
      let from = "\(directory)/from"
      for run in [
        try await runner.millrace("run", "file.archive", "path=\(from)", archive),
        try await runner.millrace("run", "file.extract", archive, "target=\(directory)/out"),
        try await runner.millrace("run", "file.mirror", "source=\(from)", "target=\(directory)/to"),
        try await runner.millrace("run", "cleanup.files", "path=\(from)", "patterns=f*", "dry_run=false"),
      ] {
        #expect(run.status == 0, "\(run.output)\(run.errors)")
      }
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: source) == [])
    for copy in ["out", "to"] {
      let file = "\(directory)/\(copy)/a/f19"
      #expect(try String(contentsOfFile: file, encoding: .utf8) == "file 19")
      #expect(try FileManager.default.attributesOfItem(atPath: file)[.ownerAccountID] as? Int != 0)
    }
  }

  @Test("a tree is indexed and searched, and the index is backed up")
  func index() async throws {
    let directory = TestDirectory.newPath("texts")
    try FileManager.default.createDirectory(atPath: directory + "/tree", withIntermediateDirectories: true)
    try "the mill turns".write(toFile: directory + "/tree/a.md", atomically: false, encoding: .utf8)
    for path in [directory, directory + "/tree"] { #expect(chmod(path, 0o777) == 0) }
    try await RunnerUnderTest.with(plugins: ["index", "sqlite"]) { runner in
      let database = "database=\(directory)/texts.db"
      let made = try await runner.millrace("run", "index.files", "path=\(directory)/tree", database)
      #expect(made.status == 0, "\(made.errors)")
      let found = try await runner.millrace("run", "index.search", database, "query=mill")
      #expect(found.output.contains("a.md") && found.output.contains("[mill]"), "\(found)")
      let kept = try await runner.millrace(
        "run", "sqlite.maintain", database, "actions:=[\"backup\",\"integrity_check\"]",
        "backup_directory=\(directory)")
      #expect(kept.status == 0, "\(kept.errors)")
    }
    let backups = try FileManager.default.contentsOfDirectory(atPath: directory).filter {
      $0.hasPrefix("texts.db-") && $0.hasSuffix(".sqlite")
    }
    #expect(backups.count == 1)
  }

  @Test("figures of the machine and of all jobs are in stats, and a check says what is bad")
  func figures() async throws {
    try await RunnerUnderTest.with(plugins: ["metrics", "health"]) { runner in
      for _ in 0..<2 {
        #expect(try await runner.millrace("run", "metrics.collect", "seconds=0.1").status == 0)
      }
      let page = try await runner.answer(StatisticsPage.self, "stats", "metrics.collect")
      let figures = Dictionary(uniqueKeysWithValues: page.figures.map { ($0.name, $0) })
      #expect(figures["memory_total_bytes"]?.count == 2)
      #expect(try #require(figures["jobs_memory_bytes"]).last > 0, "what all jobs hold is counted")
      #expect(try #require(figures["jobs_processes"]).least >= 1)
      let bad = try await runner.millrace(
        "run", "health.check", "checks:=[{\"memory\":\"1M\"},{\"name\":\"room\",\"memory\":\"900G\"}]",
        "--attempts", "1")
      #expect(bad.status != 0 && bad.errors.contains("room"), "\(bad)")
    }
  }
}
