import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// Plugins that break every rule: each costs itself one clear error and nobody else anything.
@Suite("Hostile plugins", .serialized, .timeLimit(.minutes(10)))
struct HostilePluginTests {
  @Test("plugins that can't be used are refused with the reason, and the others work")
  func refusedFiles() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    let garbage = TestDirectory.newPath("garbage.so")
    try Data("no ELF file".utf8).write(to: URL(fileURLWithPath: garbage))
    try runner.install(file: garbage)
    let open = "\(runner.plugins)/libopen.so"
    try FileManager.default.copyItem(atPath: "\(runner.plugins)/libexec.so", toPath: open)
    chmod(open, 0o777)
    let faults = ["CRASH", "NO_SYMBOL", "NEWER_ABI", "SMALL_PLUGIN", "NO_HANDLERS"]
    for fault in faults { try runner.install(file: try FixturePlugin.faulty(fault)) }
    try await runner.start(handlers: 1)
    let handlers = try await runner.answer(HandlersView.self, "handlers")
    #expect(handlers.plugins.map(\.name) == ["exec"])
    #expect(handlers.refused.count == faults.count + 2)
    let reasons = Dictionary(
      handlers.refused.map { (URL(fileURLWithPath: $0.path).lastPathComponent, $0.reason) }
    ) { first, _ in first }
    #expect(reasons["libopen.so"] == "others may write to it")
    #expect(reasons.first { $0.key.hasSuffix("garbage.so") }?.value.contains("ELF") == true)
    #expect(reasons["libfaulty-FAULT_CRASH.so"]?.contains("crashed") == true)
    #expect(reasons["libfaulty-FAULT_NEWER_ABI.so"]?.contains("99") == true)
    #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
    #expect(await runner.stop() == 0)
  }

  @Test("a plugin whose constructor never returns is given up after a while")
  func hangs() async throws {
    let runner = try RunnerUnderTest()
    try runner.install(file: try FixturePlugin.faulty("HANG"))
    try runner.install("exec")
    try await runner.start(handlers: 1)
    let refused = try await runner.answer(HandlersView.self, "handlers").refused
    #expect(refused.count == 1)
    let words = "did not return within 10 s while it was loaded; it is tried again at "
    #expect(refused.first?.reason.contains(words) == true, "\(refused)")
    #expect(await runner.stop() == 0)
  }

  @Test("a plugin that is dropped in while the runner runs appears; one that goes disappears")
  func dropIn() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      #expect(try await runner.millrace("submit", "sleep").status == 4)
      try runner.install("spin")
      #expect(try await becomes { try await runner.millrace("run", "sleep").status == 0 })
      #expect(unlink("\(runner.plugins)/libspin.so") == 0)
      #expect(try await becomes { try await runner.millrace("submit", "sleep").status == 4 })
    }
  }

  @Test("jobs that misbehave end with a verdict, and the runner serves on")
  func misbehaviour() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"], files: [try FixturePlugin.handlers()]) { runner in
      let expected: [(handler: String, outcome: Outcome, code: String?)] = [
        ("closes-everything", .succeeded, nil), ("writes-garbage", .succeeded, nil),
        ("forks-twice", .succeeded, nil), ("crashes", .crashed, "signal_11"),
        ("calls-exit", .error, "no_word"), ("fails-silently", .error, nil),
      ]
      for (handler, outcome, code) in expected {
        let attempt = try await runner.lastAttempt(of: try await runner.submit(handler))
        #expect(attempt.outcome == outcome, "\(handler)")
        if let code { #expect(attempt.failure?.code == code, "\(handler)") }
      }
      #expect(try runner.leaves().isEmpty)
      #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
    }
  }

  @Test("a job that ignores SIGTERM is killed after its grace period")
  func ignoresTermination() async throws {
    try await RunnerUnderTest.with(plugins: [], files: [try FixturePlugin.handlers()]) { runner in
      let job = try await runner.submit("ignores-termination", "--timeout", "1s", "--grace", "1s")
      let attempt = try await runner.lastAttempt(of: job)
      #expect(attempt.outcome == .timedOut)
      #expect(attempt.signal == 9)
    }
  }

  @Test("an endless log keeps its head and its tail under the bound, and says what is missing")
  func flood() async throws {
    let configuration = "bounds: {log: 1M}"
    try await RunnerUnderTest.with(plugins: ["exec"], configuration: configuration) { runner in
      let script = "echo first; yes a-long-line-of-output-that-goes-on-and-on"
      let job = try await runner.submit("exec", "--timeout", "4s", "--", "sh", "-c", script)
      #expect(try await runner.lastAttempt(of: job).outcome == .timedOut)
      let log = try Data(contentsOf: URL(fileURLWithPath: "\(runner.state)/logs/\(job)/1.log"))
      let text = String(decoding: log, as: UTF8.self)
      #expect(log.count <= (1 << 20) + 100)
      #expect(text.hasPrefix("first\n"))
      #expect(text.contains("bytes dropped"))
    }
  }

  /// Whether something becomes true within 20 s; each look is a whole command.
  private func becomes(_ isTrue: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
      if try await isTrue() { return true }
    }
    return false
  }
}
