import FoundationEssentials
import TestSupport
import Testing

@testable import millrace

@Suite("The commands of control")
struct ControlCommandTests {
  /// Starts a server that has an answer for each method and path.
  private func server(_ answers: [String: ScriptedServer.Step]) throws -> ScriptedServer {
    try ScriptedServer { request in
      [
        answers["\(request.method) \(request.target)"]
          ?? .problem(404, kind: "notFound", "no \(request.target)")
      ]
    }
  }

  private static let unfinished = "\"states\":[\"blocked\",\"scheduled\",\"queued\",\"starting\",\"running\"]"

  @Test("submit sends key, group and hold, and says if the job was there already")
  func keys() throws {
    let job = Answers.job(state: "queued", attempts: 0).dropLast() + ",\"existing\":true}"
    let server = try server(["POST /v1/jobs": .answer(200, String(job))])
    let outcome = try Program.millrace(
      "submit", "exec", "--key", "k", "--key-scope", "global", "--key-window", "1h", "--group", "line",
      "--hold",
      "--socket", server.socket)
    #expect(
      outcome
        == .init(code: 0, out: "42\n", error: "millrace: job 42 has this key already; nothing was added\n"))
    #expect(
      server.requests.first?.body
        == "{\"group\":\"line\",\"handler\":\"exec\",\"hold\":true,\"key\":\"k\",\"key_scope\":\"global\","
        + "\"key_window_seconds\":3600}")
    _ = try Program.millrace("submit", "exec", "--unique", "--socket", server.socket)
    #expect(server.requests.last?.body == "{\"handler\":\"exec\",\"unique\":true}")
    for (variable, isSent) in [(Sample.trace, true), ("x\r\nX-Other: y", false)] {
      _ = try Program.millrace(
        "submit", "exec", "--socket", server.socket, environment: ["TRACEPARENT": variable])
      #expect(server.requests.last?.fields.contains("traceparent: \(Sample.trace)") == isSent)
      #expect(server.requests.last?.fields.contains { $0.hasPrefix("X-Other") } == false)
    }
    #expect(try Program.millrace("submit", "exec", "--key-scope", "all").code == 2)
  }

  @Test("a batch says which jobs were there already")
  func batch() throws {
    let server = try server(["POST /v1/jobs/batch": .answer(201, "{\"ids\":[7,8],\"existing\":[7]}")])
    let outcome = try Program.millrace(
      "submit", "--batch", "-", "--socket", server.socket, input: "noop --key a\nnoop\n")
    #expect(
      outcome
        == .init(code: 0, out: "7\n8\n", error: "millrace: job 7 has this key already; nothing was added\n"))
  }

  @Test("with filters nothing is cancelled before --yes, which says how many were")
  func bulk() throws {
    let server = try ScriptedServer { request in
      let count =
        request.body.contains("dry_run") ? "{\"count\":2,\"ids\":[9,8]}" : "{\"count\":1,\"ids\":[9]}"
      return [.answer(200, count)]
    }
    let asked = try Program.millrace("cancel", "--class", "nightly", "--socket", server.socket)
    #expect(
      asked
        == .init(
          code: 2, out: "",
          error: "error: 2 jobs would be cancelled\n\nhint: --yes does it, --dry-run lists them\n"))
    let done = try Program.millrace(
      "cancel", "--state", "queued", "--handler", "x", "--label", "a=b", "--group", "g", "--yes", "--socket",
      server.socket)
    #expect(done == .init(code: 0, out: "1 job cancelled\n", error: ""))
    let ids = try Program.millrace("hold", "--held", "--yes", "-o", "ids", "--socket", server.socket)
    #expect(ids == .init(code: 0, out: "9\n", error: ""))
    #expect(
      server.requests.map(\.body) == [
        "{\"class\":\"nightly\",\"dry_run\":true,\(Self.unfinished)}",
        "{\"group\":\"g\",\"handler\":\"x\",\"labels\":{\"a\":\"b\"},\"states\":[\"queued\"]}",
        "{\"held\":true,\(Self.unfinished)}",
      ])
    #expect(server.requests.map(\.target) == ["/v1/jobs/cancel", "/v1/jobs/cancel", "/v1/jobs/hold"])
  }

  @Test("--dry-run lists the jobs and changes nothing")
  func dryRun() throws {
    let states = "state=blocked&state=scheduled&state=queued&state=starting&state=running"
    let job = Answers.job(7, state: "queued", attempts: 0, ended: false)
    let server = try server([
      "GET /v1/jobs?\(states)&group=g&limit=1000": .answer(200, "{\"jobs\":[\(job)]}")
    ])
    let outcome = try Program.millrace(
      "cancel", "--group", "g", "--dry-run", "-o", "ids", "--socket", server.socket)
    #expect(outcome == .init(code: 0, out: "7\n", error: ""))
  }

  @Test(
    "what can't be meant is a mistake in the usage",
    arguments: [
      ["cancel"], ["cancel", "1", "--state", "queued"], ["cancel", "--state", "failed", "--yes"],
      ["release", "--held", "--yes", "--dry-run"], ["hold", "1", "--dry-run"],
      ["pause", "--handler", "a", "--group", "b"], ["set"], ["set", "a"], ["set", "a", "b", "--list"],
      ["set", "a", "b", "--persist", "--once"], ["set", "--list", "--persist"], ["unset"],
    ])
  func usage(arguments: [String]) throws {
    #expect(try Program(arguments, path: Program.path).end().code == 2)
  }

  @Test("jobs are held and released by their numbers, each is tried")
  func hold() throws {
    let server = try server([
      "POST /v1/jobs/1/hold": .answer(200, Answers.job(1, state: "queued", ended: false)),
      "POST /v1/jobs/2/release": .problem(409, kind: "conflict", "job 2 has ended"),
    ])
    #expect(
      try Program.millrace("hold", "1", "-o", "ids", "--socket", server.socket)
        == .init(code: 0, out: "1\n", error: ""))
    #expect(
      try Program.millrace("release", "2", "--socket", server.socket)
        == .init(code: 1, out: "", error: "error: job 2 has ended\n"))
  }

  private static let paused =
    "{\"kind\":\"handler\",\"name\":\"x\",\"state\":\"paused\",\"by\":\"ann\","
    + "\"since\":\"2026-11-21T04:20:00.000Z\"}"

  @Test("pause tells what it did; what can't be is told by name")
  func pause() throws {
    let server = try server([
      "POST /v1/pause": .answer(200, Self.paused),
      "POST /v1/resume": .problem(409, kind: "conflict", "handler `x` is not paused"),
    ])
    let outcome = try Program.millrace("pause", "--handler", "x", "--socket", server.socket)
    #expect(
      outcome.out == """
        WHAT     NAME  STATE   BY   SINCE
        handler  x     paused  ann  2026-11-21 04:20:00

        """)
    #expect(server.requests.first?.body == "{\"handler\":\"x\"}")
    #expect(
      try Program.millrace("resume", "--handler", "x", "--socket", server.socket)
        == .init(code: 1, out: "", error: "error: handler `x` is not paused\n"))
  }

  @Test("drain --wait asks until nothing runs, and ends with 1 if it was resumed")
  func drain() throws {
    let stopping = Self.paused.replacing("paused", with: "stopping")
    let resumed = "{\"kind\":\"handler\",\"name\":\"x\",\"state\":\"running\"}"
    for (last, code) in [(Self.paused, 0), (resumed, 1)] as [(String, Int32)] {
      let server = try ScriptedServer { request in
        [.answer(200, request.body.contains("wait_seconds") ? last : stopping)]
      }
      #expect(try Program.millrace("drain", "--handler", "x", "--socket", server.socket).code == 0)
      #expect(
        try Program.millrace("drain", "--handler", "x", "--wait", "--socket", server.socket).code == code)
    }
  }

  @Test("set changes a setting, says whether that lasts, and lists them")
  func set() throws {
    @Sendable func setting(_ persisted: Bool) -> String {
      "{\"name\":\"queue.policy\",\"value\":\"easy\",\"configured\":\"default\",\"changed\":true,"
        + "\"persisted\":\(persisted)}"
    }
    let server = try ScriptedServer { request in
      if request.method == "GET" { return [.answer(200, "[\(setting(true))]")] }
      return [.answer(200, setting(request.body.contains("true")))]
    }
    let once = try Program.millrace("set", "queue.policy", "easy", "--socket", server.socket)
    #expect(once.code == 0)
    #expect(once.error == "millrace: it is gone with the next start; --persist keeps it\n")
    let kept = try Program.millrace("set", "queue.policy", "easy", "--persist", "--socket", server.socket)
    #expect(kept.error == "millrace: it survives a restart, until `millrace unset queue.policy`\n")
    let list = try Program.millrace("set", "--list", "--socket", server.socket)
    #expect(
      list.out == """
        SETTING       VALUE  CONFIGURED  CHANGED  RESTART
        queue.policy  easy   default     yes      survives it

        """)
    #expect(try Program.millrace("unset", "queue.policy", "--socket", server.socket).code == 0)
    #expect(server.requests.last?.body == "{\"name\":\"queue.policy\"}")
  }
}
