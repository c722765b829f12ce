import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What a stop, a crash or a second runner does to jobs.
@Suite("Restarts", .serialized, .timeLimit(.minutes(5)))
struct RestartTests {
  @Test("a runner that is killed loses nothing: the running job goes on and its true end is recorded")
  func crash() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"], configuration: "capacity: {slots: 1}")
    try await runner.start(handlers: 1)
    let script = "echo before; while [ ! -e \(runner.home)/go ]; do sleep 0.1; done; echo after; exit 5"
    let running = try await runner.submit("exec", "--", "sh", "-c", script)
    let waiting = try await runner.submit("exec", "--", "true")
    #expect(try await follows(runner, running, until: "before"))
    await runner.crash()
    #expect(try await runner.millrace("submit", "exec", "--", "true").status == 69)
    try await runner.start(handlers: 1)
    try Data().write(to: URL(fileURLWithPath: runner.home + "/go"))
    let attempt = try await runner.lastAttempt(of: running)
    #expect(attempt.id == "\(running).1")
    #expect(attempt.outcome == .error)
    #expect(attempt.failure?.code == "exit_5")
    #expect(try await runner.lastAttempt(of: waiting).outcome == .succeeded)
    #expect(try await runner.millrace("logs", running).output.contains("after"))
    #expect(await runner.stop() == 0)
  }

  @Test("a keeper that is killed takes no job with it: each ends with its own word, and none is run twice")
  func keeper() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    let jobs = try await self.jobs(on: runner)
    try await runner.killKeeper()
    try await expectTrueEnds(of: jobs, on: runner)
    #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
    #expect(await runner.stop() == 0)
    #expect(!FileManager.default.fileExists(atPath: "/sys/fs/cgroup\(runner.group)"))
  }

  @Test("the keeper is killed, then the runner: the next runner finds the jobs all the same")
  func keeperAndRunner() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    let jobs = try await self.jobs(on: runner)
    try await runner.killKeeper()
    await runner.crash()
    try await runner.start(handlers: 1)
    try await expectTrueEnds(of: jobs, on: runner)
    #expect(await runner.stop() == 0)
    #expect(!FileManager.default.fileExists(atPath: "/sys/fs/cgroup\(runner.group)"))
  }

  /// Two jobs that run until `go` is there, then one succeeds and one fails; each writes a line per run.
  private func jobs(on runner: RunnerUnderTest) async throws -> [String] {
    var jobs: [String] = []
    for code in [0, 5] {
      let loop = "while [ ! -e \(runner.home)/go ]; do sleep 0.1; done"
      let script = "echo run >> runs; echo up; \(loop); cat runs; exit \(code)"
      jobs.append(try await runner.submit("exec", "--cpu", "0.2", "--", "sh", "-c", script))
    }
    for job in jobs {
      try await runner.waitForStart(of: job)
      #expect(try await follows(runner, job, until: "up"))
    }
    return jobs
  }

  private func expectTrueEnds(of jobs: [String], on runner: RunnerUnderTest) async throws {
    try Data().write(to: URL(fileURLWithPath: runner.home + "/go"))
    let attempts = [try await runner.lastAttempt(of: jobs[0]), try await runner.lastAttempt(of: jobs[1])]
    #expect(attempts.map(\.id) == jobs.map { "\($0).1" })
    #expect(attempts.map(\.outcome) == [.succeeded, .error])
    #expect(attempts[1].failure?.code == "exit_5")
    for job in jobs { #expect(try await runner.millrace("logs", job).output == "up\nrun\n") }
    #expect(try runner.leaves().isEmpty)
  }

  @Test("a stop drains: no new jobs, the running one ends, exit code 0, no cgroup is left")
  func drain() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    let script = "echo up; trap 'exit 9' TERM; for i in 1 2 3 4 5 6 7 8; do sleep 0.2; done"
    let job = try await runner.submit("exec", "--", "sh", "-c", script)
    #expect(try await follows(runner, job, until: "up"))
    #expect(await runner.stop() == 0)
    #expect(!FileManager.default.fileExists(atPath: "/sys/fs/cgroup\(runner.group)"))
    let history = try await runner.answer(HistoryPage.self, "history")
    #expect(history.attempts.map(\.outcome) == [.succeeded])
  }

  @Test("history, show and logs work while the runner is down; submit says that it is")
  func down() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    #expect(try await runner.millrace("run", "exec", "--", "echo", "kept").status == 0)
    await runner.stop()
    #expect(try await runner.answer(HistoryPage.self, "history").attempts.count == 1)
    #expect(try await runner.answer(JobDetail.self, "show", "1").job.state == .succeeded)
    #expect(try await runner.millrace("logs", "1").output.contains("kept"))
    let submit = try await runner.millrace("submit", "exec", "--", "true")
    #expect(submit.status == 69)
    #expect(submit.errors.contains("hint:"))
  }

  @Test("a plugin's cgroup that a runner made and died over is made whole by the next one")
  func halfMade() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let directory = "/sys/fs/cgroup\(runner.group)/p/exec"
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
      let run = try await runner.millrace("run", "exec", "--", "true")
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  @Test("a second runner on the same state is refused and names the first")
  func second() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let refused = try await runner.startRefused()
      #expect(refused.status != 0)
      #expect(refused.errors.contains("holds it"))
      #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
    }
  }

  /// Whether a job's log, as `logs -f` shows it, comes to hold a word.
  private func follows(_ runner: RunnerUnderTest, _ job: String, until word: String) async throws -> Bool {
    let environment = TestProcess.environment(with: ["MILLRACE_SOCKET": runner.socket])
    let process = try TestProcess("millrace", ["logs", "-f", job], environment: environment)
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline, !process.output.contains(word) {
      try await Task.sleep(for: .milliseconds(20))
    }
    return try process.end(by: SIGTERM).output.contains(word)
  }
}
