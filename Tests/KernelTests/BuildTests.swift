import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// Builds of a plugin that come and go while a real runner works.
@Suite("Builds of a plugin", .serialized, .timeLimit(.minutes(5)))
struct BuildTests {
  /// The file under which all builds are put into the plugin directory.
  private static let file = "libbuild.so"

  private func put(_ macros: String..., to runner: RunnerUnderTest) throws {
    let path =
      switch macros.count {
      case 1: try FixturePlugin.build(of: macros[0])
      default: try FixturePlugin.build(of: macros[0], macros[1])
      }
    try runner.install(file: path, as: Self.file)
  }

  private func plugin(_ runner: RunnerUnderTest) async throws -> PluginView? {
    try await runner.answer(HandlersView.self, "handlers").plugins.first { $0.name == "build" }
  }

  /// Waits until a build serves, by its version.
  private func serves(_ version: String, _ runner: RunnerUnderTest) async throws {
    try await runner.wait(until: "build \(version) serves") { try await plugin(runner)?.version == version }
  }

  /// What a job of the plugin says.
  private func work(_ runner: RunnerUnderTest) async throws -> String {
    let job = try await runner.submit("work")
    let attempt = try await runner.lastAttempt(of: job)
    #expect(attempt.outcome == .succeeded)
    return try await runner.millrace("result", job).output
  }

  /// Waits until standard error of `handlers` says something.
  private func told(_ words: String, _ runner: RunnerUnderTest) async throws {
    try await runner.wait(until: "`handlers` tells: \(words)") {
      try await runner.millrace("handlers").errors.contains(words)
    }
  }

  @Test("what runs ends on its build, what starts runs the newest; one can go back, over a restart, too")
  func rollback() async throws {
    let runner = try RunnerUnderTest()
    try put("BUILD=one", to: runner)
    try await runner.start(handlers: 1)
    let release = runner.home + "/release"
    let held = try await runner.millrace(
      "submit", "hold", "--input", "-", "-o", "ids", input: Data(release.utf8)
    )
    .output.trimmingCharacters(in: .whitespacesAndNewlines)
    try await runner.waitForStart(of: held)
    try put("BUILD=two", to: runner)
    try await serves("two", runner)
    #expect(try await work(runner).hasPrefix("two "))
    try Data().write(to: URL(fileURLWithPath: release))
    let attempt = try await runner.lastAttempt(of: held)
    #expect(attempt.outcome == .succeeded && attempt.pluginVersion == "one")
    let back = try await runner.answer(BuildsView.self, "handler", "rollback", "work")
    #expect(back.builds.map(\.state) == [.rolledBack, .serving])
    #expect(back.builds.map(\.version) == ["two", "one"])
    #expect(back.builds.first?.figures?.succeeded == 1)
    #expect(try await work(runner).hasPrefix("one "))
    #expect(try await runner.millrace("handlers", "rollback", "work").status == 1)
    await runner.stop()
    try await runner.start(handlers: 1)
    #expect(try await work(runner).hasPrefix("one "))
    try put("BUILD=three", to: runner)
    try await serves("three", runner)
    let builds = try await runner.answer([SummaryView].self, "history", "--by", "build", "--handler", "work")
    #expect(builds.map(\.version) == ["two", "one"] && builds.map(\.attempts) == [1, 2])
    let digits = String(try #require(builds.first?.buildSha256).prefix(12))
    let of = try await runner.answer(HistoryPage.self, "history", "--build", digits)
    #expect(of.attempts.map(\.pluginVersion) == ["two"])
    await runner.stop()
  }

  @Test("a build that only crashes is put aside; the last good one serves, over a restart, too")
  func quarantine() async throws {
    let runner = try RunnerUnderTest(configuration: "plugins: {crashes: 2}")
    try put("BUILD=one", to: runner)
    try await runner.start(handlers: 1)
    #expect(try await work(runner).hasPrefix("one "))
    try put("BUILD=two", "CRASHES", to: runner)
    try await serves("two", runner)
    for _ in 1...2 {
      #expect(try await runner.lastAttempt(of: try await runner.submit("work")).outcome == .crashed)
    }
    try await told("is in quarantine since", runner)
    #expect(try await work(runner).hasPrefix("one "))
    let notices = try await runner.answer(StatusView.self, "status").notices.map(\.text)
    #expect(notices.count { $0.contains("is in quarantine: its first 2 attempts crashed") } == 1)
    await runner.stop()
    try await runner.start(handlers: 1)
    #expect(try await work(runner).hasPrefix("one "))
    try await told("is in quarantine since", runner)
    let states = try await runner.answer(BuildsView.self, "handlers", "builds", "work").builds.map(\.state)
    #expect(states == [.quarantined, .serving])
    try put("BUILD=three", to: runner)
    try await serves("three", runner)
    #expect(try await runner.millrace("handlers").errors.isEmpty)
    await runner.stop()
  }

  @Test("the file beside a plugin gives its jobs a user, variables and a tier at once")
  func sidecar() async throws {
    let runner = try RunnerUnderTest()
    try put("BUILD=one", to: runner)
    try await runner.start(handlers: 1)
    #expect(try await work(runner).hasSuffix(" -"))
    let text = "user: daemon\nenvironment: {GREETING: good day}\nhandlers: {work: {tier: cold}}\n"
    try text.write(toFile: runner.plugins + "/libbuild.yaml", atomically: true, encoding: .utf8)
    let uid = try #require(getpwnam("daemon")).pointee.pw_uid
    try await runner.wait(until: "the file is in force") { try await work(runner) == "one \(uid) good day" }
    let tier = try await runner.answer(HistoryPage.self, "history", "--limit", "1").attempts.first?.tier
    #expect(tier == .cold)
    try "user: nobody-at-all\nenvironment: {MILLRACE_JOB: 7, 1X: y}\n".write(
      toFile: runner.plugins + "/libbuild.yaml", atomically: true, encoding: .utf8)
    for words in ["names no user of this machine", "is set by the runner", "can't be a variable"] {
      try await told(words, runner)
    }
    #expect(try await work(runner) == "one \(uid) good day")
    await runner.stop()
  }

  @Test("it gives them limits, retries, concurrency and a warm host, until it is taken away")
  func sidecarLimits() async throws {
    let runner = try RunnerUnderTest()
    try put("BUILD=one", to: runner)
    let status = try await runner.serve(handlers: 1) { runner in
      func handler() async throws -> HandlerView? {
        try await plugin(runner)?.handlers.first { $0.name == "work" }
      }
      let file = runner.plugins + "/libbuild.yaml"
      let text = "warm: true\nhandlers: {work: {memory: 77M, max_attempts: 2, concurrency: 1}}\n"
      try text.write(toFile: file, atomically: true, encoding: .utf8)
      try await runner.wait(until: "it is in force") { try await handler()?.memoryBytes == 77 << 20 }
      let given = try await handler()
      #expect(given?.maxAttempts == 2 && given?.concurrency == 1)
      let warm = try await runner.lastAttempt(of: try await runner.submit("work"))
      #expect(warm.tier == .warm && warm.limits.memoryBytes == 77 << 20)
      try FileManager.default.removeItem(atPath: file)
      try await runner.wait(until: "it is gone") { try await handler()?.memoryBytes != 77 << 20 }
      let plain = try await runner.lastAttempt(of: try await runner.submit("work"))
      #expect(plain.tier == .template && plain.limits.memoryBytes != 77 << 20)
    }
    #expect(status == 0)
  }

  @Test("a bad file is one error, and the last good build serves; others are not touched")
  func badFiles() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      try put("BUILD=one", to: runner)
      try await serves("one", runner)
      let whole = try Data(contentsOf: URL(fileURLWithPath: try FixturePlugin.build(of: "BUILD=two")))
      let truncated = runner.home + "/truncated"
      try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: truncated))
      try runner.install(file: truncated, as: Self.file)
      try await told("is in quarantine since", runner)
      let cases = [
        ("COUNT=10000", "has 10000 handlers, more than 256"),
        ("BAD_SCHEMA", "its parameter schema: this is no JSON"),
      ]
      for (macro, words) in cases {
        try put("BUILD=two", macro, to: runner)
        try await told(words, runner)
      }
      try put("BUILD=two", "NAME=exec", to: runner)
      try await told("another file is the plugin `exec` already", runner)
      let lines = try await runner.millrace("handlers").errors.split(separator: "\n")
      #expect(lines.count == 1, "\(lines)")
      #expect(try await work(runner).hasPrefix("one "))
      #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
    }
  }

  @Test("a plugin that is replaced while it is loaded makes way for what replaced it")
  func replaced() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let copies = runner.state + "/builds"
      func count() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: copies).count { $0.hasSuffix(".so") }
      }
      let former = try count()
      try put("BUILD=one", "SLOW_LOAD", to: runner)
      try await runner.wait(until: "it is copied, to be loaded") { try count() > former }
      try put("BUILD=two", to: runner)
      try await serves("two", runner)
      #expect(try await work(runner).hasPrefix("two "))
      #expect(try await runner.millrace("handlers").errors.isEmpty)
      #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
    }
  }

  @Test("jobs of a plugin that is removed wait, say why, and go on when it is back")
  func removed() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      try put("BUILD=one", to: runner)
      try await serves("one", runner)
      #expect(try await runner.millrace("pause").status == 0)
      let job = try await runner.submit("work")
      try FileManager.default.removeItem(atPath: "\(runner.plugins)/\(Self.file)")
      try await runner.wait(until: "its handler is gone") { try await plugin(runner) == nil }
      #expect(try await runner.millrace("resume").status == 0)
      let why = try await runner.millrace("why", job).output
      #expect(why.contains("no plugin in use has a handler `work`"), "\(why)")
      #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
      try put("BUILD=two", to: runner)
      #expect(try await runner.lastAttempt(of: job).pluginVersion == "two")
    }
  }

  @Test("where signers are given, only a build that one of them has signed serves")
  func signatures() async throws {
    let runner = try RunnerUnderTest(
      configuration: "plugins: {allowed_signers: \(TestDirectory.path)/allowed-signers}")
    let key = runner.home + "/key"
    func keygen(_ words: String...) async throws {
      let run = try await TestProcess("/usr/bin/ssh-keygen", words).ended()
      try #require(run.status == 0, "\(run.errors)")
    }
    try await keygen("-q", "-t", "ed25519", "-N", "", "-f", key)
    let signer = "ann@example.org " + (try String(contentsOfFile: key + ".pub", encoding: .utf8))
    try signer.write(toFile: TestDirectory.path + "/allowed-signers", atomically: true, encoding: .utf8)
    func sign(_ macro: String) async throws {
      let copy = runner.home + "/" + Self.file
      unlink(copy)
      try FileManager.default.copyItem(atPath: try FixturePlugin.build(of: macro), toPath: copy)
      unlink(copy + ".sig")
      try await keygen("-q", "-Y", "sign", "-f", key, "-n", "millrace-plugin", copy)
      unlink("\(runner.plugins)/\(Self.file).sig")
      try FileManager.default.moveItem(atPath: copy + ".sig", toPath: "\(runner.plugins)/\(Self.file).sig")
    }
    try put("BUILD=one", to: runner)
    try await runner.start(handlers: 0)
    try await told("it is not signed: there is no `libbuild.so.sig` beside it", runner)
    try await sign("BUILD=one")
    try await serves("one", runner)
    try put("BUILD=two", to: runner)
    try await told("`libbuild.so.sig` of `ann@example.org` does not fit it", runner)
    #expect(try await work(runner).hasPrefix("one "))
    try await sign("BUILD=two")
    try await serves("two", runner)
    #expect(try await runner.millrace("handlers").errors.isEmpty)
    await runner.stop()
  }
}
