import FoundationEssentials
import MillraceCore
import MillraceEngine
import MillraceStore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("Workflows and templates")
struct WorkflowTests {
  private static let nightly = """
    workflow: nightly
    parameters: {day: 2026-11-24, files: [a, b, c]}
    jobs:
      fetch:   {handler: exec, command: [curl, "{{day}}"], memory: 64M, retry: {attempts: 3, delay: 2s}}
      resize:  {handler: thumbnail, map: "{{files}}", needs: [fetch], parameters: {path: "{{item}}"}}
      report:  {handler: exec, needs: {resize: any}, command: [report, "{{day}}"]}
      cleanup: {handler: exec, needs: {report: failed}, command: [rm], on_dependency_failure: hold}
    """

  private static func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Step {
    request.method == "POST"
      ? .answer(201, "{\"workflow\":3,\"ids\":[1,2,3,4,5,6]}") : .answer(200, view)
  }

  private static let view = """
    {"workflow":{"id":3,"name":"nightly","state":"failed","submitted":"2026-11-21T04:20:00.000Z",\
    "jobs":{"succeeded":1,"failed":1,"cancelled":1}},"steps":[\
    {"name":"fetch","needs":{},"jobs":[{"id":1,"state":"succeeded","held":false}]},\
    {"name":"resize","needs":{"fetch":"ok"},"jobs":[{"id":2,"state":"succeeded","held":false},\
    {"id":3,"state":"failed","held":false}]},\
    {"name":"report","needs":{"fetch":"ok","resize":"ok"},"jobs":[{"id":4,"state":"cancelled","held":false,\
    "reason":{"code":"dependency","message":"job 3 failed, and it was needed as ok"}}]},\
    {"name":"scan","needs":{"fetch":"any"},"jobs":[]}]}
    """

  @Test("submit sends the whole plan and prints the number")
  func submit() throws {
    let server = try ScriptedServer { [Self.answer($0)] }
    let outcome = try Program.millrace(
      "workflow", "submit", "-", "--set", "files=x", "--set", "day=today", "--socket", server.socket,
      input: Self.nightly)
    #expect(outcome == .init(code: 0, out: "3\n", error: ""))
    let sent = try #require(server.requests.first)
    #expect(sent.target == "/v1/workflows")
    let request = try Wire.decoder().decode(WorkflowSubmitRequest.self, from: Data(sent.body.utf8))
    #expect(request.name == "nightly")
    #expect(request.jobs.map(\.step) == ["fetch", "resize", "report", "cleanup"])
    #expect(request.jobs[0].parameters == ["command": .array([.string("curl"), .string("today")])])
    #expect(request.jobs[0].memoryBytes == 64 << 20 && request.jobs[0].maxAttempts == 3)
    #expect(request.jobs[1].parameters == ["path": .string("x")])
    #expect(request.jobs[2].after == [DependencyView(Dependency(.position(1), .any, name: "resize.0"))])
    #expect(request.jobs[3].onDependencyFailure == "hold")
  }

  @Test("every mistake is told with its place, and nothing is sent")
  func mistakes() throws {
    let file = """
      workflow: nightly
      jobs:
        fetch: {handler: exec, comand: [ls]}
        report:
          needs: [fetsh]
      """
    let outcome = try Program.millrace("workflow", "submit", "-", input: file)
    #expect(
      outcome
        == .init(
          code: 2, out: "",
          error: """
            error: -:3:26: there is no setting `jobs.fetch.comand`, did you mean `command`?
            error: -:4:3: `jobs.report` has no `handler`
            error: -:5:13: `report` needs `fetsh`, which is no step, did you mean `fetch`?

            hint: nothing of the file is used until all of it is right

            """))
  }

  @Test("a no of the runner names the step and its line")
  func refused() throws {
    let server = try ScriptedServer { _ in
      [
        .answer(
          404,
          "{\"type\":\"urn:millrace:notFound\",\"title\":\"t\",\"status\":404,"
            + "\"detail\":\"there is no handler `thumbnail`\",\"index\":2}",
          type: "application/problem+json")
      ]
    }
    let outcome = try Program.millrace(
      "workflow", "submit", "-", "--socket", server.socket, input: Self.nightly)
    #expect(
      outcome
        == .init(code: 4, out: "", error: "error: -:5:3: step `resize`: there is no handler `thumbnail`\n"))
  }

  @Test("--dry-run shows the plan without a runner")
  func dryRun() throws {
    let outcome = try Program.millrace(
      "workflow", "submit", "-", "--dry-run", "--set", "files:=[]", input: Self.nightly)
    #expect(
      outcome
        == .init(
          code: 0,
          out: """
            workflow  nightly
            jobs      3

            fetch  1 job
            report  1 job
            └─ cleanup  1 job  needs report (failed)
            resize  no job

            """, error: ""))
  }

  @Test("show draws the steps with what became of their jobs")
  func show() throws {
    let server = try ScriptedServer { [Self.answer($0)] }
    let outcome = try Program.millrace("workflow", "show", "3", "--socket", server.socket)
    #expect(
      outcome.out == """
        workflow   3 nightly
        state      failed
        submitted  2026-11-21 04:20:00
        jobs       1 succeeded, 1 failed, 1 cancelled

        fetch  succeeded  job 1
        ├─ resize  2 jobs  1 succeeded, 1 failed  jobs 2…3  needs fetch
        │  └─ report  cancelled  job 4  needs fetch, resize  (job 3 failed, and it was needed as ok)
        └─ scan  no job  needs fetch (any)

        """)
    let json = try Program.millrace("workflow", "show", "3", "-o", "json", "--socket", server.socket)
    #expect(try Wire.decoder().decode(WorkflowView.self, from: Data(json.out.utf8)).steps.count == 4)
    #expect(
      try Program.millrace("workflow", "show", "3", "-o", "ids", "--socket", server.socket).out
        == "1\n2\n3\n4\n\n")
  }

  @Test("cancel and retry-failed ask for it and show what is left")
  func verbs() throws {
    let server = try ScriptedServer { _ in [.answer(200, Self.view)] }
    for verb in ["cancel", "retry-failed"] {
      #expect(try Program.millrace("workflow", verb, "3", "--socket", server.socket).code == 0)
    }
    #expect(server.requests.map(\.target) == ["/v1/workflows/3/cancel", "/v1/workflows/3/retry-failed"])
    #expect(try Program.millrace("workflow", "show", "x").code == 2)
  }

  @Test("show and list read the record while the runner is down")
  func record() async throws {
    let directory = try TemporaryDirectory()
    let store = try SQLiteJobStore(opening: directory.path + "/millrace.db")
    var submission = Sample.plain()
    submission.step = "fetch"
    let request = WorkflowRequest(name: "nightly", jobs: [], empty: ["fetch"])
    _ = try await store.accept(
      [submission], as: WorkflowHead(name: "nightly", definition: WorkflowDefinition(request)),
      at: Sample.time(0))
    try store.close()
    let places = ["MILLRACE_STATE": directory.path, "MILLRACE_SOCKET": directory.path + "/none"]
    #expect(try Program.millrace("workflow", "list", "-o", "ids", environment: places).out == "1\n")
    #expect(
      try Program.millrace("workflow", "show", "1", environment: places).out.hasSuffix(
        "\nfetch  queued  job 1\n"))
    #expect(try Program.millrace("workflow", "show", "2", environment: places).code == 4)
    #expect(try Program.millrace("list", "--workflow", "1", "-o", "ids", environment: places).out == "1\n")
    let shown = try Program.millrace("show", "1", environment: places).out
    #expect(shown.contains("workflow   1, step fetch\n"), "\(shown)")
  }

  @Test("submit --template fills a file, and options come before what it says")
  func template() throws {
    let server = try ScriptedServer { _ in
      [.answer(201, Answers.job(state: "queued", attempts: 0))]
    }
    let file = """
      template: {width: 64, path: }
      handler: thumbnail
      parameters: {path: "{{path}}", width: "{{width}}"}
      memory: 64M
      priority: 3
      labels: {from: template}
      """
    let directory = try TemporaryDirectory()
    try file.write(toFile: directory.path + "/t.yaml", atomically: false, encoding: .utf8)
    let outcome = try Program.millrace(
      "submit", "--template", directory.path + "/t.yaml", "path=a.jpg", "width=32", "--priority", "7",
      "--after", "any:41", "--on-dependency-failure", "hold", "--socket", server.socket)
    #expect(outcome == .init(code: 0, out: "42\n", error: ""))
    let sent = try Wire.decoder().decode(SubmitRequest.self, from: Data(server.requests[0].body.utf8))
    #expect(sent.parameters == ["path": .string("a.jpg"), "width": .integer(32)])
    #expect(sent.priority == 7 && sent.memoryBytes == 64 << 20 && sent.labels == ["from": "template"])
    #expect(sent.after == [DependencyView(Dependency(.job(JobID(41)), .any))])
    #expect(sent.onDependencyFailure == "hold")
    let missing = try Program.millrace("submit", "--template", directory.path + "/t.yaml")
    #expect(missing.code == 2)
    #expect(
      missing.error.contains("t.yaml:3:20: `path` has no value: give it with `path=…`"), "\(missing.error)")
  }

  @Test("a dependency that can't be read is told", arguments: ["ok:x", "maybe:1", "ok:-1", "1:2:3", "ok:0"])
  func after(text: String) throws {
    let outcome = try Program.millrace("submit", "noop", "--after", text)
    #expect(outcome.code == 2)
    #expect(outcome.error.contains("write ok:41, any:41 or failed:41"), "\(outcome.error)")
  }
}
