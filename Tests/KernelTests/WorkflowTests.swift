import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// Jobs that need each other, run by the real runner.
@Suite("Workflows", .serialized, .timeLimit(.minutes(5)))
struct WorkflowTests {
  private static func nightly(_ home: String) -> String {
    """
    workflow: nightly
    parameters: {files: [a, b]}
    jobs:
      fetch:  {handler: exec, command: ["true"]}
      resize:
        handler: exec
        map: "{{files}}"
        needs: [fetch]
        command: [sh, -c, "while [ ! -e \(home)/go ]; do sleep 0.1; done; echo {{item}}"]
      report: {handler: exec, needs: [resize], command: [test, -e, "\(home)/good"]}
      mourn:  {handler: exec, needs: {report: failed}, command: ["true"]}
    """
  }

  private func view(_ runner: RunnerUnderTest) async throws -> WorkflowView {
    try await runner.answer(WorkflowView.self, "workflow", "show", "1")
  }

  /// The number of a step's first job.
  private func job(_ step: String, _ view: WorkflowView) throws -> String {
    try #require(view.steps.first { $0.name == step }?.jobs.first?.id.description)
  }

  @Test("a workflow goes on in a new runner, and what failed is tried again")
  func course() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    let file = runner.home + "/nightly.yaml"
    try Self.nightly(runner.home).write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try await runner.millrace("workflow", "submit", file).output == "1\n")
    let planned = try await view(runner)
    #expect(planned.steps.map { $0.jobs.count } == [1, 2, 1, 1])
    #expect(try await runner.lastAttempt(of: job("fetch", planned)).outcome == .succeeded)
    await runner.crash()
    let down = try await view(runner)
    #expect(down.steps[2].jobs.map(\.state) == [.blocked])
    try await runner.start(handlers: 1)
    try Data().write(to: URL(fileURLWithPath: runner.home + "/go"))
    #expect(try await runner.lastAttempt(of: job("report", planned)).failure?.code == "exit_1")
    #expect(try await runner.lastAttempt(of: job("mourn", planned)).outcome == .succeeded)
    #expect(try await view(runner).workflow.state == .failed)
    try Data().write(to: URL(fileURLWithPath: runner.home + "/good"))
    #expect(try await runner.millrace("workflow", "retry-failed", "1").status == 0)
    let again = try await runner.lastAttempt(of: job("report", planned))
    #expect(again.id == "\(try job("report", planned)).2" && again.outcome == .succeeded)
    #expect(try await view(runner).workflow.state == .succeeded)
    #expect(await runner.stop() == 0)
  }

  @Test("a failure cancels what needs it, and says why")
  func failure() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec"])
    try await runner.start(handlers: 1)
    let go = runner.home + "/go"
    let first = try await runner.submit(
      "exec", "--", "sh", "-c", "while [ ! -e \(go) ]; do sleep 0.1; done; exit 3")
    let second = try await runner.submit("exec", "--after", "ok:\(first)", "--", "true")
    let third = try await runner.submit("exec", "--after", "failed:\(first)", "--", "true")
    let why = try await runner.millrace("why", second)
    #expect(why.output.contains("it waits for job \(first) (ok)"), "\(why.output)")
    try Data().write(to: URL(fileURLWithPath: go))
    #expect(try await runner.lastAttempt(of: third).outcome == .succeeded)
    let detail = try await runner.answer(JobDetail.self, "show", second)
    #expect(detail.job.state == .cancelled)
    #expect(detail.job.reason?.message == "job \(first) failed, and it was needed as ok")
    // Long after its end.
    let late = try await runner.submit("exec", "--after", first, "--", "true")
    #expect(try await runner.answer(JobDetail.self, "show", late).job.state == .cancelled)
    #expect(try await runner.millrace("submit", "exec", "--after", "ok:999", "--", "true").status == 4)
    #expect(await runner.stop() == 0)
  }
}
