import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What operators do to jobs and to the runner, with real processes and over real restarts.
@Suite("Control", .serialized, .timeLimit(.minutes(5)))
struct ControlTests {
  @Test("a job that does not hear SIGTERM is cancelled by the next runner if the first one dies meanwhile")
  func durableCancel() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"], configuration: "capacity: {slots: 1}")
    try await runner.start(handlers: 1)
    let script =
      "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & echo up; while :; do sleep 1; done"
    let job = try await runner.submit("exec", "--grace", "5s", "--attempts", "3", "--", "sh", "-c", script)
    let waiting = try await runner.submit("exec", "--", "true")
    try await runner.wait(until: "the job is deaf") {
      try await runner.millrace("logs", job).output.contains("up")
    }
    #expect(try await runner.millrace("cancel", job).status == 0)
    await runner.crash()
    #expect(try runner.leaves().count == 1)
    try await runner.start(handlers: 1)
    let attempt = try await runner.lastAttempt(of: job)
    #expect(attempt.id == "\(job).1" && attempt.outcome == .cancelled)
    #expect(try await runner.answer(JobDetail.self, "show", job).job.state == .cancelled)
    // The place of the deaf one is free: all of its processes are gone.
    #expect(try await runner.lastAttempt(of: waiting).outcome == .succeeded)
    try await runner.wait(until: "no leaf is left") { try runner.leaves().isEmpty }
    #expect(await runner.stop() == 0)
  }

  @Test("what is paused, held or set for good is so after a restart")
  func restart() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    #expect(try await runner.millrace("pause", "--handler", "exec").status == 0)
    #expect(try await runner.millrace("set", "capacity.slots", "3", "--persist").status == 0)
    #expect(try await runner.millrace("set", "queue.max_queued", "7").status == 0)
    let job = try await runner.submit("exec", "--", "true")
    let held = try await runner.submit("exec", "--hold", "--", "true")
    await runner.crash()
    try await runner.start(handlers: 1)
    let status = try await runner.answer(StatusView.self, "status")
    #expect(status.stations?.map(\.words) == ["the runner", "handler `exec`"])
    #expect(status.stations?.last?.by == "root" && status.held == 1)
    #expect(status.settings?.map(\.name) == ["capacity.slots"] && status.capacity.slots == 3)
    let why = try await runner.why(job)
    #expect(why.closed == [.handler])
    #expect(try await runner.why(held).closed == [.handler, .hold])
    let twice = try await runner.millrace("pause", "--handler", "exec")
    #expect(twice.status == 1 && twice.errors.contains("handler `exec` is paused already, by root"))
    #expect(try await runner.millrace("resume", "--handler", "exec").status == 0)
    #expect(try await runner.lastAttempt(of: job).outcome == .succeeded)
    #expect(try await runner.millrace("release", held).status == 0)
    #expect(try await runner.lastAttempt(of: held).outcome == .succeeded)
    #expect(try await runner.millrace("unset", "capacity.slots").status == 0)
    #expect(try await runner.answer(StatusView.self, "status").capacity.slots == 64)
    let fixed = try await runner.millrace("set", "state", "/tmp")
    #expect(fixed.status == 1 && fixed.errors.contains("`state` can't be changed while the runner works"))
    #expect(await runner.stop() == 0)
  }

  @Test("jobs of a group that is not configured run one at a time, in the order of submission")
  func serial() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let file = runner.home + "/written"
      try Data().write(to: URL(fileURLWithPath: file))
      try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: file)
      let jobs = (1...5).map { number in
        let script = "echo start \(number) >> \(file); sleep 0.3; echo end \(number) >> \(file)"
        return "exec --group line --priority \(1 + number) -- sh -c '\(script)'\n"
      }
      let batch = try await runner.millrace(
        "submit", "--batch", "-", "--wait", input: Data(jobs.joined().utf8))
      #expect(batch.status == 0, "\(batch.errors)")
      let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n").map(String.init)
      #expect(lines == (1...5).flatMap { ["start \($0)", "end \($0)"] })
    }
  }

  @Test("a drain of a handler returns when its last job has ended, and takes jobs meanwhile")
  func drain() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let script = "while [ ! -e \(runner.home)/go ]; do sleep 0.1; done"
      let job = try await runner.submit("exec", "--", "sh", "-c", script)
      try await runner.waitForStart(of: job)
      let asked = try await runner.answer(StationView.self, "drain", "--handler", "exec")
      #expect(asked.state == "stopping" && asked.by == "root")
      let waiting = try await runner.submit("exec", "--", "true")
      try Data().write(to: URL(fileURLWithPath: runner.home + "/go"))
      let drained = try await runner.answer(StationView.self, "drain", "--handler", "exec", "--wait")
      #expect(drained.state == "paused")
      #expect(try await runner.answer(JobDetail.self, "show", job).job.state == .succeeded)
      #expect(try await runner.why(waiting).closed == [.handler])
    }
  }
}
