import CMillraceLinux
import Foundation
import MillraceCore
import MillraceEngine
import MillraceLinux
import TestSupport
import Testing

@testable import MillraceSlurm

/// A spool whose host is played by the test; Slurm does not answer.
@Suite(.timeLimit(.minutes(2))) struct PlayedHostTests {
  /// A launcher with one bundle of `count` attempts.
  private struct Stage {
    let test: LauncherUnderTest
    let directory: String
    let spool: TemporaryDirectory

    init(_ count: Int, change: (inout SlurmSettings) -> Void = { _ in }) async throws {
      spool = try TemporaryDirectory()
      var settings = Made.settings(spool: spool.path + "/spool")
      settings.user = SlurmSettings.User(uid: geteuid(), gid: getegid())
      settings.commands = "/nonexistent"
      change(&settings)
      test = try LauncherUnderTest(settings)
      let plugin = spool.path + "/plugin.so"
      try Data("a plugin".utf8).write(to: URL(filePath: plugin))
      test.launcher.launch(
        (1...count).map { Made.plan(Int64($0), doing: "it", expectedRun: .milliseconds(1), plugin: plugin) })
      try await test.wait("the bundle") { [test] _ in
        try test.bundles().count == 1
      }
      directory = "\(settings.spool)/bundles/\(try #require(try test.bundles().first))"
      // It is whole once its host could be started.
      try await test.wait("the manifest") { [directory] _ in
        FileManager.default.fileExists(atPath: "\(directory)/\(count).1.payload")
      }
    }

    func write(_ name: String, _ text: String) throws {
      try Data(text.utf8).write(to: URL(filePath: "\(directory)/.new"))
      try FileManager.default.removeItemIfThere(atPath: "\(directory)/\(name)")
      try FileManager.default.moveItem(atPath: "\(directory)/.new", toPath: "\(directory)/\(name)")
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(directory)/\(name)") }
  }

  @Test("what a bundle's host reads is there, for the jobs' user alone, and the plugin beside it")
  func files() async throws {
    let stage = try await Stage(2)
    #expect((FileMode.of(stage.directory) ?? 0) & 0o777 == 0o700)
    for name in ["manifest", "1.1.payload", "2.1.payload"] {
      #expect((FileMode.of("\(stage.directory)/\(name)") ?? 0) & 0o777 == 0o600)
    }
    let spool = stage.test.settings.spool
    #expect((FileMode.of(spool + "/ledger") ?? 0) & 0o777 == 0o700)
    #expect((FileMode.of(spool) ?? 0) & 0o777 == 0o711)
    let sha = String(repeating: "ab", count: 32)
    #expect(try String(contentsOfFile: "\(spool)/plugins/\(sha).so", encoding: .utf8) == "a plugin")
    let payload = try Data(contentsOf: URL(filePath: stage.directory + "/1.1.payload"))
    #expect(payload.range(of: Data(#"{"do":"it"}"#.utf8)) != nil)
    #expect(try await stage.test.trouble().contains("No such file"))
    await stage.test.stop()
  }

  @Test("an attempt goes its way by files alone: Slurm need not answer")
  func course() async throws {
    let stage = try await Stage(1)
    try stage.write("heartbeat", "count 1\nnode n7\n")
    try stage.write("1.1.started", "node n7\npid 5\ntime 5\nnovel word\n")
    try await stage.test.started(1)
    #expect(stage.test.events.place(of: AttemptID(job: JobID(1), number: 1))?.node == "n7")
    try stage.write("1.1.progress", "fraction 0.25\nmessage a\u{1B}b\n")
    let progress = Progress(fraction: 0.25, message: "a b")
    try await stage.test.wait("progress") {
      $0.contains { if case .progress(_, progress) = $0 { true } else { false } }
    }
    try stage.write("1.1.ended", "node n7\nsignal 9\ntime 99999999999999999\noom-kills 2\nmemory-peak 4096\n")
    let report = try await stage.test.report(of: 1)
    #expect(report.exit == .signalled(signal: 9))
    #expect(report.usage == Usage(memoryPeak: Bytes(4096), oomKills: 2))
    #expect(try #require(report.ended) <= SlurmLoop.wall())
    #expect(report.whereabouts == Whereabouts(node: "n7"))
    await stage.test.stop()
  }

  @Test("one that fails after a SIGTERM that nobody here sent waits for what Slurm says of it")
  func terminated() async throws {
    let stage = try await Stage(2)
    try stage.write("heartbeat", "count 1\nnode n7\n")
    var outcome = millrace_outcome()
    outcome.terminated = 1
    try withUnsafeBytes(of: outcome) {
      try Data($0).write(to: URL(filePath: stage.directory + "/1.1.outcome"))
    }
    for job in 1...2 { try stage.write("\(job).1.started", "node n7\npid 5\ntime 5\n") }
    for job in 1...2 { try stage.write("\(job).1.ended", "node n7\nexit 1\ntime 6\n") }
    #expect(try await stage.test.report(of: 2).exit == .exited(code: 1))
    #expect(stage.test.events.ends[AttemptID(job: JobID(1), number: 1)] == nil)
    await stage.test.stop()
  }

  @Test("a host that falls silent is closed, and what it has started is given back only after the fence")
  func fence() async throws {
    let stage = try await Stage(3)
    try stage.write("heartbeat", "count 1\nnode n7\n")
    try stage.write("1.1.started", "node n7\n")
    try await stage.test.started(1)
    let start = ContinuousClock.now
    let second = try await stage.test.report(of: 2)
    #expect(stage.has("closed"))
    #expect(second.interruption == .nodeLost)
    #expect(ContinuousClock.now - start >= stage.test.settings.fence)
    // It is claimed: no host can start it any more.
    #expect(stage.has("2.1.started") && stage.has("3.1.started"))
    let first = try await stage.test.report(of: 1)
    #expect(first.interruption == .nodeLost)
    #expect(first.whereabouts?.node == "n7")
    let settings = stage.test.settings
    #expect(ContinuousClock.now - start >= settings.fence + settings.fenceMargin)
    await stage.test.stop()
  }

  @Test("a host that is heard of again is not given up")
  func recovered() async throws {
    let stage = try await Stage(1)
    try stage.write("1.1.started", "node n7\n")
    for count in 1...10 {
      try stage.write("heartbeat", "count \(count)\nnode n7\n")
      try await Task.sleep(for: .milliseconds(500))
    }
    #expect(stage.test.events.ends.isEmpty)
    #expect(!stage.has("closed"))
    await stage.test.stop()
  }

  @Test("a host that could not do its work is told of as its node's fault, at once")
  func fault() async throws {
    let stage = try await Stage(2)
    try stage.write("heartbeat", "count 1\nnode n7\n")
    try stage.write("1.1.started", "node n7\n")
    try stage.write("1.1.ended", "node n7\nfault no memory to be had\n")
    try stage.write("done", "reason finished\nfault memory is not limited\u{7}here\n")
    #expect(try await stage.test.report(of: 1).interruption == .nodeFault("no memory to be had"))
    #expect(try await stage.test.report(of: 2).interruption == .nodeFault("memory is not limited here"))
    await stage.test.stop()
  }

  @Test("an end that this side has decided is told again to who takes over, and a released one is not")
  func decidedAgain() async throws {
    let stage = try await Stage(2)
    let one = AttemptID(job: JobID(1), number: 1)
    let two = AttemptID(job: JobID(2), number: 1)
    stage.test.launcher.terminate(one)
    stage.test.launcher.terminate(two)
    _ = try await stage.test.report(of: 1)
    _ = try await stage.test.report(of: 2)
    stage.test.launcher.release([two])
    await stage.test.stop()
    let next = try LauncherUnderTest(stage.test.settings)
    let open = [one, two].map { KeptAttempt(attempt: $0, plugin: "made") }
    #expect(try await next.launcher.takeOver(open: open) == [one])
    let report = try await next.report(of: 1)
    #expect(report.exit == nil && report.interruption == nil)
    #expect(next.events.endings(of: two) == 0)
    await next.stop()
  }

  @Test("a spool that others can write to is refused")
  func openSpool() throws {
    let directory = try TemporaryDirectory()
    let settings = Made.settings(spool: directory.path)
    chmod(directory.path, 0o777)
    #expect(throws: (any Error).self) { try LauncherUnderTest(settings) }
  }

  @Test("a spool that is not the one that was used before is refused")
  func otherSpool() async throws {
    let directory = try TemporaryDirectory()
    var settings = Made.settings(spool: directory.path + "/spool")
    settings.ledger = directory.path + "/ledger"
    await (try LauncherUnderTest(settings)).stop()
    await (try LauncherUnderTest(settings)).stop()
    // As if its file system was not mounted.
    try FileManager.default.moveItem(atPath: settings.spool, toPath: directory.path + "/away")
    #expect(throws: (any Error).self) { try LauncherUnderTest(settings) }
    try FileManager.default.removeItem(atPath: settings.spool)
    try FileManager.default.moveItem(atPath: directory.path + "/away", toPath: settings.spool)
    await (try LauncherUnderTest(settings)).stop()
  }

  @Test("what an attempt has saved outlasts its node")
  func checkpoint() async throws {
    let stage = try await Stage(1)
    try stage.write("heartbeat", "count 1\nnode n7\n")
    // A head without a word, with room for a result of 16 bytes.
    var head = millrace_outcome()
    (head.result_capacity, head.checkpoint_generation, head.checkpoint_length.0) = (16, 2, 5)
    var outcome = withUnsafeBytes(of: head) { Data($0) } + Data(count: 16)
    outcome += Data(count: -outcome.count & 15) + Data("saved".utf8) + Data(count: 2 << 20)
    try outcome.write(to: URL(filePath: stage.directory + "/1.1.outcome"))
    try stage.write("1.1.started", "node n7\n")
    let report = try await stage.test.report(of: 1)
    #expect(report.interruption == .nodeLost)
    #expect(report.word == nil)
    #expect(report.checkpoint == Array("saved".utf8))
    await stage.test.stop()
  }

  @Test("hostile files of a bundle harm nobody")
  func hostile() async throws {
    let stage = try await Stage(4)
    let secret = stage.spool.path + "/secret"
    try Data("count 1\nsecret\n".utf8).write(to: URL(filePath: secret))
    let manager = FileManager.default
    func path(_ name: String) -> String { "\(stage.directory)/\(name)" }
    for name in ["1.1.log", "1.1.outcome", "1.1.progress", "heartbeat", ".new-1.1.stop"] {
      try manager.createSymbolicLink(atPath: path(name), withDestinationPath: secret)
    }
    #expect(mkfifo(path("host.log"), 0o600) == 0)
    try stage.write("1.1.started", String(repeating: "node n7\n", count: 100_000))
    try await stage.test.started(1)
    stage.test.launcher.terminate(AttemptID(job: JobID(1), number: 1))
    try await stage.test.wait("the stop") { _ in stage.has("1.1.stop") }
    #expect(try String(contentsOfFile: secret, encoding: .utf8) == "count 1\nsecret\n")
    // A directory where a text should be, and one that is far too long.
    try manager.createDirectory(atPath: path("2.1.started"), withIntermediateDirectories: false)
    try await stage.test.started(2)
    #expect(manager.createFile(atPath: path("2.1.log"), contents: nil))
    #expect(truncate(path("2.1.log"), 1 << 40) == 0)
    #expect(mkfifo(path("2.1.ended"), 0o600) == 0)
    #expect(mkfifo(path("2.1.outcome"), 0o600) == 0)
    try stage.write("3.1.started", "node \u{1B}[31m../../n7\ntime -5\n")
    try await stage.test.started(3)
    #expect(stage.test.events.place(of: AttemptID(job: JobID(3), number: 1))?.node == nil)
    try stage.write("1.1.ended", "exit 99999999999999999999\nsignal -3\nstopped never\ntime x\n\n\n exit 0")
    try stage.write(
      "3.1.ended", "exit 0\ntime 9223372036854775807\nmemory-peak -1\noom-kills 9223372036854775808\n")
    let first = try await stage.test.report(of: 1)
    #expect(first.exit == nil && first.word == nil && first.checkpoint == nil)
    let third = try await stage.test.report(of: 3)
    #expect(third.exit == .exited(code: 0) && third.usage == Usage())
    #expect(try #require(third.ended) <= SlurmLoop.wall())
    // Nothing of the link's target has become an attempt's log, and the long log is bounded.
    #expect(try stage.test.log(of: 1).isEmpty)
    #expect(
      try stage.test.logs.read(AttemptID(job: JobID(2), number: 1), from: 0, atMost: 8 << 20)?.count ?? 0 <= 1
        << 20)
    // All of it can be removed.
    try stage.write("done", "reason finished\n")
    for job in [2, 4] { _ = try await stage.test.report(of: Int64(job)) }
    stage.test.launcher.release((1...4).map { AttemptID(job: JobID($0), number: 1) })
    try await stage.test.emptied()
    #expect(manager.fileExists(atPath: secret))
    await stage.test.stop()
  }
}

extension LauncherUnderTest {
  /// Why the cluster can't be asked.
  func trouble() async throws -> String {
    try await wait("the trouble") { $0.standing?.trouble != nil }
    return events.standing?.trouble ?? ""
  }
}

extension FileManager {
  fileprivate func removeItemIfThere(atPath path: String) throws {
    if fileExists(atPath: path) { try removeItem(atPath: path) }
  }
}
