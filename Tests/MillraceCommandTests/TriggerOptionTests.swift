import FoundationEssentials
import MillraceCore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("millrace schedule with events")
struct TriggerOptionTests {
  private static func view(_ members: String) -> String {
    """
    {"name":"n","definition":{"name":"n",\(members),"job":{"handler":"exec","command":["a"]}},\
    "created":"2026-01-01T00:00:00.000Z","runs":0,"unfinished":[]}
    """
  }

  private static func detail(_ members: String) -> String {
    """
    {"schedule":\(view(members)),"tally":{"fates":{},"succeeded":0,"failed":0},"times":[],"ticks":[]}
    """
  }

  private func server(_ answers: [String: ScriptedServer.Step]) throws -> ScriptedServer {
    try ScriptedServer { request in
      [
        answers["\(request.method) \(request.target)"]
          ?? .problem(404, kind: "notFound", "no \(request.target)")
      ]
    }
  }

  private func schedule(_ arguments: [String]) throws -> Program.Outcome {
    try Program(["schedule"] + arguments, path: Program.path).end()
  }

  @Test(
    "add sends the options as the members that a file has",
    arguments: [
      (
        [
          "--on", "upload.*", "--where", "data.size>=10", "--where", "data.size<=99", "--where",
          "data.user=a",
          "--where", "data.user=7", "--where", "subject~2026-*", "--where", "data.ok=true", "--where",
          "source!=/x", "--where", "data.id:=\"007\"", "--debounce", "5s", "--batch", "100", "--batch-window",
          "10s",
        ],
        """
        "event":"upload.*","where":{"data.size":{"min":10,"max":99},"data.user":["a",7],
        "subject":{"like":"2026-*"},"data.ok":true,"source":{"not":["/x"]},"data.id":"007"},
        "debounce":"5s","batch":{"size":100,"window":"10s"}
        """
      ),
      (
        ["--files", "/srv/in", "--pattern", "*.csv"],
        "\"files\":{\"directory\":\"/srv/in\",\"pattern\":\"*.csv\"}"
      ),
      (
        ["--webhook", "github", "--secret-file", "/etc/s"],
        "\"webhook\":{\"signature\":\"github\",\"secret_file\":\"/etc/s\"}"
      ),
    ])
  func add(options: [String], members: String) throws {
    let server = try server(["POST /v1/schedules": .answer(201, Self.view("\"event\":\"upload.*\""))])
    let words = ["add", "n", "exec", "--socket", server.socket]
    let outcome = try schedule(words + options + ["--", "a", "{{event.data.path}}"])
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.out.contains("on upload.*"))
    let expected = """
      {"name":"n",\(members),"job":{"handler":"exec","command":["a","{{event.data.path}}"]}}
      """
    #expect(
      try Wire.decoder().decode(JSONValue.self, from: Data((server.requests.last?.body ?? "").utf8))
        == Wire.decoder().decode(JSONValue.self, from: Data(expected.utf8)))
  }

  @Test("add --dry-run says what it would wait for, and asks nobody")
  func dryRun() throws {
    let cases = [
      (["--on", "upload.*"], "on upload.*", "events of the type `upload.*`"),
      (["--files", "/srv/in"], "files /srv/in/*", "files `/srv/in/*`, closed after writing or moved there"),
      (
        ["--webhook", "standard", "--secret-file", "/s"], "webhook standard",
        "calls of `POST /v1/hooks/n`, signed as standard does"
      ),
    ]
    for (options, when, words) in cases {
      let outcome = try schedule(
        ["add", "n", "exec", "--dry-run", "--socket", "/none"] + options + ["--", "a"])
      #expect(outcome.code == 0, "\(outcome.error)")
      #expect(outcome.out.contains(when))
      #expect(outcome.error == "millrace: it has no times: it waits for \(words)\n")
    }
  }

  @Test("list and show say what it waits for in the place of a time")
  func show() throws {
    let members =
      #""event":"upload.*","where":{"data.n":{"min":1}},"debounce":"5s","#
      + #""batch":{"size":9,"window":"1m"}"#
    let server = try server([
      "GET /v1/schedules?limit=1000": .answer(200, "{\"schedules\":[\(Self.view(members))]}"),
      "GET /v1/schedules/n": .answer(200, Self.detail(members)),
      "GET /v1/schedules/n/preview?count=10": .problem(409, kind: "conflict", "it waits for events"),
    ])
    let list = try schedule(["list", "--socket", server.socket])
    #expect(
      list.out == """
        SCHEDULE  WHEN         ZONE  NEXT  JOB   RUNS  OPEN  LAST  STATE
        n         on upload.*  -     -     exec     0     0  -     active

        """)
    let show = try schedule(["show", "n", "--socket", server.socket]).out
    for line in [
      "when       on upload.*", "debounce   5s", #"where      {"data.n":{"min":1}}"#,
      #"batch      {"size":9,"window":"1m"}"#,
    ] {
      #expect(show.contains(line + "\n"), "\(show)")
    }
    let preview = try schedule(["preview", "n", "--socket", server.socket])
    #expect(preview == .init(code: 1, out: "", error: "error: it waits for events\n"))
  }

  @Test("edit puts another kind in the place of the one that is there, without what only that had")
  func edit() throws {
    let ofEvents = #""event":"upload.*","debounce":"5s","max_runs":3"#
    let ofTimes = #""cron":"0 3 * * *","dst_gap":"skip","jitter":"5s","max_runs":3"#
    let cases = [
      (ofEvents, ["--cron", "@daily"], #""cron":"@daily""#), (ofTimes, ["--on", "x"], #""event":"x""#),
      (ofEvents, ["--files", "/in"], #""files":{"directory":"/in"},"debounce":"5s""#),
    ]
    for (former, options, members) in cases {
      let server = try server([
        "GET /v1/schedules/n": .answer(200, Self.detail(former)),
        "PUT /v1/schedules/n": .answer(200, Self.view(former)),
      ])
      let outcome = try schedule(["edit", "n", "--socket", server.socket] + options)
      #expect(outcome.code == 0, "\(outcome.error)")
      let expected = """
        {"name":"n","max_runs":3,\(members),"job":{"handler":"exec","command":["a"]}}
        """
      #expect(
        try Wire.decoder().decode(JSONValue.self, from: Data((server.requests.last?.body ?? "").utf8))
          == Wire.decoder().decode(JSONValue.self, from: Data(expected.utf8)))
    }
  }

  @Test(
    "what can't be is 2",
    arguments: [
      ["--on", "a", "--files", "/in"], ["--on", "a", "--cron", "@daily"], ["--on", "a b"], ["--files", "in"],
      ["--pattern", "*", "--on", "a"], ["--webhook", "github"], ["--secret-file", "/s", "--on", "a"],
      ["--webhook", "gitlab", "--secret-file", "/s"], ["--on", "a", "--where", "x"],
      ["--on", "a", "--where", "=1"],
      ["--on", "a", "--where", "data.n>=x"], ["--on", "a", "--where", "data.n>=1", "--where", "data.n>=2"],
      ["--on", "a", "--where", "data..n=1"], ["--on", "a", "--debounce", "1ms"],
      ["--on", "a", "--batch", "1001"],
      ["--on", "a", "--batch", "5"], ["--on", "a", "--batch-window", "5s"],
      ["--cron", "@daily", "--debounce", "5s"],
      ["--on", "a", "--jitter", "5s"], ["--debounce", "5s"],
    ])
  func usage(options: [String]) throws {
    let outcome = try schedule(["add", "n", "exec", "--socket", "/none"] + options + ["--", "a"])
    #expect(outcome.code == 2 && outcome.error.hasPrefix("error: "), "\(outcome)")
  }
}
