import ArgumentParser
import FoundationEssentials
import MillraceCore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("millrace schedule with a runner")
struct ScheduleCommandTests {
  /// A schedule as the runner shows it; `more` are further members.
  private static func view(_ more: String = "") -> String {
    """
    {"name":"nightly","definition":{"name":"nightly","cron":"30 2 * * *","timezone":"Europe/Riga",\
    "window":"1h","job":{"handler":"exec","command":["a"],"memory":"1G","labels":{"k":"v"},\
    "retry":{"attempts":2,"delay":"5s"}}},"created":"2026-01-01T00:00:00.000Z","runs":4,\
    "next":\(planned),"unfinished":[7]\(more)}
    """
  }

  private static let planned = """
    {"time":"2026-03-29T04:00:00+03:00","utc":"2026-03-29T01:00:00.000Z","offset":"+03:00",\
    "daylight_saving":{"effect":"moved","from":"2026-03-29T03:30:00","note":"moved from 03:30"}}
    """

  private static let tick = """
    {"nominal":"2026-03-28T00:30:00.000Z","local":"2026-03-28T02:30:00+02:00","fate":"skipped-overlap",\
    "decided":"2026-03-28T00:30:00.100Z","note":"job 7 has not ended"}
    """

  private static let warning = "3 of the last 5 times were skipped"

  private static let detail = """
    {"schedule":\(view(",\"last\":\(tick),\"warnings\":[\"\(warning)\"]")),"tally":{"fates":\
    {"ran":4,"skipped-overlap":3,"manual":1},"succeeded":3,"failed":1,"mean_seconds":420,\
    "p95_seconds":500.5},"times":[\(planned)],"ticks":[\(tick)]}
    """

  private func server(_ answers: [String: ScriptedServer.Step]) throws -> ScriptedServer {
    try ScriptedServer { request in
      [
        answers["\(request.method) \(request.target)"]
          ?? .problem(404, kind: "notFound", "no \(request.target)")
      ]
    }
  }

  private func schedule(_ server: ScriptedServer, _ arguments: String...) throws -> Program.Outcome {
    try Program(
      ["schedule"] + [arguments[0], "--socket", server.socket] + arguments.dropFirst(), path: Program.path
    )
    .end()
  }

  private func sent(_ server: ScriptedServer) throws -> JSONValue {
    try Wire.decoder().decode(JSONValue.self, from: Data((server.requests.last?.body ?? "").utf8))
  }

  @Test("add sends the options as members, quantities as people write them, and the words as a command")
  func add() throws {
    let server = try server(["POST /v1/schedules": .answer(201, Self.view())])
    let outcome = try schedule(
      server, "add", "nightly", "exec", "n=64", "list=a", "list=b", "deep:={\"x\":1}", "--cron", "30 2 * * *",
      "--tz", "Europe/Riga", "--dst-gap", "skip", "--dst-repeat", "both", "--jitter", "30s", "--until",
      "2027-01-01", "--max-runs", "9", "--catch-up", "all", "--window", "1h", "--overlap", "cancel-running",
      "--exclude-calendar", "holidays", "--exclude-calendar", "moves", "--require-calendar", "work",
      "--on-excluded-day", "next-allowed-day", "--memory", "1536M", "--cpu", "50%", "--pids", "9",
      "--timeout",
      "90m", "--grace", "5s", "--attempts", "3", "--retry-delay", "90s", "--retry-factor", "1.5",
      "--retry-max-delay", "1h", "--retry-jitter", "20%", "--priority", "7", "--class", "c", "--group", "g",
      "--label", "k=v", "-o", "ids", "--", "backup", "--day={{nominal_date}}")
    #expect(outcome == .init(code: 0, out: "nightly\n", error: ""))
    let expected = """
      {"name":"nightly","cron":"30 2 * * *","timezone":"Europe/Riga","dst_gap":"skip","dst_repeat":"both",
       "jitter":"30s","until":"2027-01-01","max_runs":9,"catch_up":"all","window":"1h",
       "overlap":"cancel-running","exclude_calendars":["holidays","moves"],"require_calendars":["work"],
       "on_excluded_day":"next-allowed-day","job":{"handler":"exec",
       "command":["backup","--day={{nominal_date}}"],
       "parameters":{"n":64,"list":["a","b"],"deep":{"x":1}},"memory":"1536M","cpu":0.5,"pids":9,
       "timeout":"90m","grace":"5s","priority":7,"class":"c","group":"g","labels":{"k":"v"},
       "retry":{"attempts":3,"delay":"90s","factor":1.5,"max_delay":"1h","jitter":0.2}}}
      """
    #expect(try sent(server) == Wire.decoder().decode(JSONValue.self, from: Data(expected.utf8)))
  }

  @Test("add --dry-run asks nobody and shows the next times; --file says where a mistake is")
  func dryRun() throws {
    let outcome = try Program.millrace(
      "schedule", "add", "n", "exec", "--cron", "30 3 * * *", "--tz", "Europe/Riga", "--dry-run", "--socket",
      "/none", "-o", "ids")
    #expect(outcome.code == 0 && outcome.error == "")
    #expect(outcome.out.split(separator: "\n").count == 10)
    let bad = try Program.millrace(
      "schedule", "add", "n", "--file", "-", "--dry-run",
      input: "cron: 61 * * * *\njob: {handler: exec, memry: 1G}\n")
    #expect(bad.code == 2)
    #expect(
      bad.error == """
        error: -:1:7: `cron`: `61` is no minute; allowed are 0 to 59
        error: -:2:22: there is no setting `job.memry`, did you mean `memory`?

        hint: nothing of the file is used until all of it is right

        """)
    let server = try server(["POST /v1/schedules": .answer(201, Self.view())])
    let good = try Program.millrace(
      "schedule", "add", "n", "--file", "-", "--socket", server.socket, "-o", "ids",
      input: "every: 5m\njob: {handler: exec, command: [a]}\n")
    #expect(good.code == 0)
    #expect(try sent(server).object?["name"] == .string("n"))
  }

  @Test("edit changes what is given and keeps the rest")
  func edit() throws {
    let server = try server([
      "GET /v1/schedules/nightly": .answer(200, Self.detail),
      "PUT /v1/schedules/nightly": .answer(200, Self.view()),
    ])
    #expect(
      try schedule(
        server, "edit", "nightly", "--every", "5m", "--unset", "window", "--unset", "job.memory",
        "--attempts",
        "7", "--label", "x=y", "-o", "ids") == .init(code: 0, out: "nightly\n", error: ""))
    let expected = """
      {"name":"nightly","every":"5m","timezone":"Europe/Riga","job":{"handler":"exec","command":["a"],
       "labels":{"k":"v","x":"y"},"retry":{"attempts":7,"delay":"5s"}}}
      """
    #expect(try sent(server) == Wire.decoder().decode(JSONValue.self, from: Data(expected.utf8)))
    _ = try schedule(server, "edit", "nightly", "checksum", "path=/srv")
    #expect(
      try sent(server).object?["job"]
        == .object(["handler": .string("checksum"), "parameters": .object(["path": .string("/srv")])]))
    _ = try schedule(server, "edit", "nightly", "--", "b", "-c")
    #expect(try sent(server).object?["job"]?.object?["command"] == .array([.string("b"), .string("-c")]))
    #expect(try sent(server).object?["job"]?.object?["memory"] == .string("1G"))
    let unknown = try schedule(server, "edit", "nightly", "--unset", "jitter")
    #expect(unknown.code == 2 && unknown.error.contains("it has no `jitter`; it has cron, job, job.command"))
  }

  @Test("list shows the last fates, and warns on standard error")
  func list() throws {
    let troubled = Self.view(",\"last\":\(Self.tick),\"warnings\":[\"\(Self.warning)\"]")
    let paused = Self.view(",\"paused\":\"2026-01-02T00:00:00.000Z\",\"warnings\":[]")
    let server = try server([
      "GET /v1/schedules?limit=1000": .answer(200, "{\"schedules\":[\(troubled)],\"next\":\"a\"}"),
      "GET /v1/schedules?after=a&limit=1000": .answer(200, "{\"schedules\":[\(paused)]}"),
    ])
    let table = try schedule(server, "list")
    #expect(
      table.out == """
        SCHEDULE  WHEN        ZONE         NEXT                 JOB   RUNS  OPEN  LAST             STATE
        nightly   30 2 * * *  Europe/Riga  2026-03-29 04:00:00  exec     4     1  skipped-overlap  active
        nightly   30 2 * * *  Europe/Riga  2026-03-29 04:00:00  exec     4     1  -                paused

        """)
    #expect(table.error == "millrace: schedule nightly: \(Self.warning)\n" && table.code == 0)
    #expect(try schedule(server, "list", "-o", "ids") == .init(code: 0, out: "nightly\nnightly\n", error: ""))
  }

  @Test("show has the definition, figures, warnings, next and last times")
  func show() throws {
    let server = try server(["GET /v1/schedules/nightly": .answer(200, Self.detail)])
    #expect(
      try schedule(server, "show", "nightly").out == """
        schedule   nightly
        when       30 2 * * *
        timezone   Europe/Riga
        window     1h
        job        {"command":["a"],"handler":"exec","labels":{"k":"v"},"memory":"1G",\
        "retry":{"attempts":2,"delay":"5s"}}
        created    2026-01-01 00:00:00
        runs       4
        succeeded  3
        failed     1
        took       7 min 0 s on average, 8 min 20 s at the 95th percentile
        fates      4 ran, 1 manual, 3 skipped-overlap

        warning: 3 of the last 5 times were skipped

        next
        TIME                     OFFSET  UTC                       FATE  NOTE
        Sun 2026-03-29 04:00:00  +03:00  2026-03-29T01:00:00.000Z  -     moved from 03:30

        last
        TIME                 FATE             JOB  STATE  TOOK  NOTE
        2026-03-28 02:30:00  skipped-overlap    -  -         -  job 7 has not ended

        """)
    let stats = try schedule(server, "stats", "nightly").out
    #expect(
      stats == """
        SCHEDULE  RAN  LATE  SKIPPED  MISSED  REFUSED  BY HAND  SUCCEEDED  FAILED       MEAN         P95  NEXT
        nightly     4     0        3       0        0        1          3       1  7 min 0 s  8 min 20 s  \
        2026-03-29 04:00:00

        """)
  }

  @Test("history sends its filter; run-now, pause, resume, remove and backfill call the runner")
  func verbs() throws {
    let ticks = "{\"ticks\":[\(Self.tick)],\"next\":\"2026-03-28T00:30:00.000000Z\"}"
    let server = try server([
      "GET /v1/schedules/nightly/ticks?fate=missed-down&from=2026-01-01T00%3A00%3A00.000000Z"
        + "&before=2026-02-01T00%3A00%3A00.000000Z&limit=7": .answer(200, ticks),
      "POST /v1/schedules/nightly/run": .answer(201, "{\"job\":42}"),
      "POST /v1/schedules/nightly/pause": .answer(200, Self.view(",\"paused\":\"2026-01-02T00:00:00.000Z\"")),
      "POST /v1/schedules/nightly/resume": .answer(200, Self.view()),
      "DELETE /v1/schedules/nightly": .send("HTTP/1.1 204 No Content\r\n\r\n"),
      "POST /v1/schedules/nightly/backfill": .answer(200, "{\"ticks\":[\(Self.tick)],\"existing\":2}"),
      "GET /v1/schedules/nightly/preview?count=3": .answer(200, "{\"times\":[\(Self.planned)]}"),
    ])
    let history = try schedule(
      server, "history", "nightly", "--fate", "missed-down", "--since", "2026-01-01", "--until", "2026-02-01",
      "--limit", "7", "-o", "csv")
    #expect(
      history.out == """
        nominal,fate,job,state,seconds,decided,note
        2026-03-28T00:30:00.000Z,skipped-overlap,,,,2026-03-28T00:30:00.100Z,job 7 has not ended

        """)
    #expect(history.error.contains("there may be more"))
    #expect(try schedule(server, "run-now", "nightly") == .init(code: 0, out: "42\n", error: ""))
    #expect(try schedule(server, "run-now", "nightly", "--key", "a b").out == "42\n")
    #expect(server.requests.last?.body == #"{"key":"a b"}"#)
    #expect(try schedule(server, "pause", "nightly").out.contains("paused"))
    #expect(try schedule(server, "resume", "nightly").out.contains("active"))
    #expect(try schedule(server, "remove", "nightly") == .init(code: 0, out: "", error: ""))
    let backfill = try schedule(server, "backfill", "nightly", "--from", "2026-01-01", "--to", "2026-01-02")
    #expect(backfill.code == 0 && backfill.error == "millrace: 2 times of the span have a job already\n")
    #expect(server.requests.last?.body == #"{"from":"2026-01-01","to":"2026-01-02"}"#)
    let preview = try schedule(server, "preview", "nightly", "--count", "3", "-o", "jsonl")
    #expect(preview.out.hasPrefix(#"{"daylight_saving":{"effect":"moved""#))
    #expect(try schedule(server, "show", "weekly").code == 4)
  }

  @Test("a name that is taken and a schedule of a file are 1, with the runner's words")
  func conflict() throws {
    let server = try server([
      "POST /v1/schedules": .problem(409, kind: "conflict", "it is there already", hint: "edit it")
    ])
    let outcome = try schedule(server, "add", "n", "exec", "--every", "5m")
    #expect(outcome == .init(code: 1, out: "", error: "error: it is there already\n\nhint: edit it\n"))
  }

  @Test(
    "what can't be is 2, and nobody is asked",
    arguments: [
      ["add"], ["add", "n"], ["add", "n", "exec"], ["add", "n", "exec", "--cron", "* * * *"],
      ["add", "n", "exec", "--every", "5m", "--at", "2026-01-01"], ["add", "n", "exec", "--every", "999ms"],
      ["add", "N", "exec", "--every", "5m"], ["add", "n", "../x", "--every", "5m"],
      ["add", "n", "exec", "x", "--every", "5m"], ["add", "n", "exec", "--every", "5m", "--jitter", "25h"],
      ["add", "n", "exec", "--every", "5m", "--until", "99999-01-01"],
      ["add", "n", "exec", "--every", "5m", "--max-runs", "0"],
      ["add", "n", "exec", "--every", "5m", "--catch-up", "some"],
      ["add", "n", "exec", "--every", "5m", "--window", "0"],
      ["add", "n", "exec", "--every", "5m", "--overlap", "wait"],
      ["add", "n", "exec", "--every", "5m", "--dst-gap", "run"],
      ["add", "n", "exec", "--cron", "@daily", "--dst-repeat", "twice"],
      ["add", "n", "exec", "--every", "5m", "--exclude-calendar", "../x"],
      ["add", "n", "exec", "--every", "5m", "--on-excluded-day", "skip"],
      ["add", "n", "exec", "--cron", "0 0 30 2 *"], ["add", "n", "exec", "--every", "5m", "--key", "k"],
      ["add", "n", "exec", "--every", "5m", "--memory", "0"],
      ["add", "n", "exec", "--every", "5m", "--io", "x"],
      ["add", "n", "exec", "--every", "5m", "--label", "schedule=x"],
      ["add", "n", "exec", "--every", "5m", "--", "{{nominal_tine}}"],
      ["add", "n", "--file", "/none"], ["add", "n", "exec", "--file", "f"],
      ["add", "n", "--file", "/dev/null", "--memory", "1G"], ["add", "n", "--file", "f", "--every", "5m"],
      ["edit", "n"], ["edit", "n", "--file", "f", "--unset", "window"], ["edit"], ["show"], ["pause"],
      ["run-now"], ["remove"], ["history"], ["history", "n", "--fate", "run"],
      ["history", "n", "--since", "soon"], ["history", "n", "--limit", "0"], ["backfill", "n"],
      ["backfill", "n", "--from", "2026-01-01"], ["preview", "n", "--cron", "@daily"],
      ["preview", "n", "--tz", "UTC"],
      ["list", "-o", "xml"],
    ])
  func usage(arguments: [String]) throws {
    let server = try server([:])
    let outcome = try Program(
      ["schedule"] + [arguments[0], "--socket", server.socket] + arguments.dropFirst(), path: Program.path
    ).end()
    #expect(outcome.code == 2, "\(outcome.error)")
    #expect(outcome.out == "")
    #expect(outcome.error.hasPrefix("error: "))
    #expect(server.requests.isEmpty)
  }

  @Test("each verb has help with examples")
  func help() throws {
    for command in ScheduleCommand.configuration.subcommands {
      let outcome = try Program.millrace("help", "schedule", command._commandName)
      #expect(outcome.code == 0 && outcome.out.contains("examples:"), "\(command._commandName)")
    }
  }
}
