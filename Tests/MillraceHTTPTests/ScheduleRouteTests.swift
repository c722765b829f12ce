import FoundationEssentials
import MillraceCore
import MillraceEngine
import MillraceWire
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("The routes of schedules")
struct ScheduleRouteTests {
  private static let body = """
    {"name": "nightly", "cron": "30 2 * * *", "timezone": "Europe/Riga", "max_runs": 3,
     "job": {"handler": "exec", "command": ["backup", "{{nominal_date}}"], "retry": {"attempts": 2}}}
    """

  @Test("a schedule is added, listed, shown, changed and removed")
  func life() async throws {
    let service = FakeScheduleService()
    try await TestServer.with(schedules: service) { server in
      let reply = try await server.request("POST", "/v1/schedules", body: Self.body)
      #expect(reply.status == 201 && reply.headers["location"] == "/v1/schedules/nightly")
      let view: ScheduleView = try reply.decoded()
      #expect(view.definition.object?["max_runs"] == .integer(3))
      #expect(view.next?.utc.hasPrefix("2026-01-01") == true)
      #expect(view.definition.object?["job"]?.object?["retry"]?.object?["attempts"] == .integer(2))
      #expect(try await server.request("POST", "/v1/schedules", body: Self.body).status == 409)
      let page: SchedulePage = try await server.request("GET", "/v1/schedules").decoded()
      #expect(page.schedules.map(\.definition) == [view.definition] && page.schedules[0].warnings == [])
      let edited = try await server.request(
        "PUT", "/v1/schedules/nightly", body: #"{"every": "1h", "job": {"handler": "exec"}}"#)
      #expect(try edited.decoded(ScheduleView.self).definition.object?["every"] == .string("1h"))
      for (verb, isPaused) in [("pause", true), ("resume", false)] {
        let view: ScheduleView = try await server.request("POST", "/v1/schedules/nightly/\(verb)").decoded()
        #expect((view.paused != nil) == isPaused)
      }
      // A letter that is percent-encoded is the same letter (RFC 3986 §6.2.2.2).
      #expect(try await server.request("GET", "/v1/schedules/night%6Cy").status == 200)
      #expect(try await server.request("DELETE", "/v1/schedules/nightly").status == 204)
      #expect(try await server.request("GET", "/v1/schedules/nightly").status == 404)
      #expect(
        service.calls == [
          "add nightly", "add nightly", "edit nightly", "pause nightly true", "pause nightly false",
          "remove nightly",
        ])
    }
  }

  @Test("statistics count the fates of schedules, or of those whose jobs have a handler")
  func fates() async throws {
    let jobs = FakeJobService()
    jobs.change { $0.statistics["exec"] = [] }
    try await TestServer.with(jobs, schedules: FakeScheduleService()) { server in
      _ = try await server.request("POST", "/v1/schedules", body: Self.body)
      for _ in 0..<2 { _ = try await server.request("POST", "/v1/schedules/nightly/run") }
      let all: StatisticsPage = try await server.request("GET", "/v1/statistics").decoded()
      #expect(all.fates == ["manual": 2] && all.window == FakeJobService.window)
      let own: StatisticsPage = try await server.request("GET", "/v1/statistics?handler=exec").decoded()
      #expect(own.fates == ["manual": 2])
    }
  }

  @Test("run with a key makes a job once, by the header or the body")
  func runOnce() async throws {
    try await TestServer.with(schedules: FakeScheduleService()) { server in
      _ = try await server.request("POST", "/v1/schedules", body: Self.body)
      let path = "/v1/schedules/nightly/run"
      let made = try await server.request("POST", path, headers: ["Idempotency-Key: \"once\""])
      #expect(made.status == 201)
      for (headers, body) in [(["Idempotency-Key: once"], "{}"), ([], #"{"key": "once"}"#)] {
        let found = try await server.request("POST", path, headers: headers, body: body)
        #expect(try found.status == 200 && found.decoded(RunNowAnswer.self).job == JobID(1))
        #expect(found.headers["location"] == "/v1/jobs/1")
      }
      let headers = ["Idempotency-Key: once"]
      #expect(
        try await server.request("POST", path, headers: headers, body: #"{"key": "other"}"#).status == 422)
      #expect(try await server.request("POST", path, body: #"{"keys": "once"}"#).status == 422)
      #expect(try await server.request("POST", path, body: "[").status == 400)
      #expect(try await server.request("POST", path).status == 201)
    }
  }

  @Test("its times that were and will be are told, a page at a time")
  func times() async throws {
    let service = FakeScheduleService()
    try await TestServer.with(schedules: service) { server in
      _ = try await server.request("POST", "/v1/schedules", body: Self.body)
      for job in 1...3 {
        let reply = try await server.request("POST", "/v1/schedules/nightly/run")
        #expect(reply.status == 201 && reply.headers["location"] == "/v1/jobs/\(job)")
      }
      let first: TickPage = try await server.request("GET", "/v1/schedules/nightly/ticks?limit=2").decoded()
      #expect(first.ticks.map(\.job) == [JobID(3), JobID(2)] && first.ticks[0].fate == .manual)
      let before = try #require(first.next)
      let rest: TickPage = try await server.request(
        "GET", "/v1/schedules/nightly/ticks?limit=2&before=\(before)&fate=manual"
      ).decoded()
      #expect(rest.ticks.map(\.job) == [JobID(1)] && rest.next == nil)
      let planned: PlannedTimePage = try await server.request("GET", "/v1/schedules/nightly/preview?count=3")
        .decoded()
      #expect(planned.times.count == 3)
      let detail: ScheduleDetail = try await server.request("GET", "/v1/schedules/nightly").decoded()
      #expect(detail.tally.fates == ["manual": 3] && detail.ticks.count == 3 && detail.times.count == 10)
      let span = #"{"from": "1970-01-01", "to": "1970-01-02T00:00:00Z"}"#
      let backfill = try await server.request("POST", "/v1/schedules/nightly/backfill", body: span)
      #expect(try backfill.decoded(BackfillView.self).existing == 2)
      #expect(service.calls.last == "backfill nightly 0 86400000")
    }
  }

  @Test("all mistakes of a definition are told at once, and nothing is added")
  func mistakes() async throws {
    let service = FakeScheduleService()
    try await TestServer.with(schedules: service) { server in
      let reply = try await server.request(
        "POST", "/v1/schedules",
        body: #"{"name": "Nightly", "crom": "* * * * *", "every": "1ms", "job": {"handler": "exec"}}"#)
      let problem: Problem = try reply.decoded()
      #expect(reply.status == 422 && problem.kind == .invalid)
      for words in ["`name`", "`crom`", "did you mean `cron`", "`every`"] {
        #expect(problem.detail.contains(words), "\(problem.detail)")
      }
      #expect(service.calls.isEmpty)
    }
  }

  @Test("each mistake has the member that it is about, also deep in the job")
  func places() async throws {
    let bodies = [
      (
        #"{"name": "n", "cron": "61 * * * *", "job": {"handler": "exec"}}"#,
        "at `cron`: `cron`: `61` is no minute; allowed are 0 to 59"
      ),
      (
        #"{"name": "n", "cron": "0 24 * * *", "job": {"handler": "exec"}}"#,
        "at `cron`, column 3: `cron`: `24` is no hour; allowed are 0 to 23"
      ),
      (
        #"{"name": "n", "every": "5m", "job": {"handler": "exec", "command": ["a", "{{nominal_tine}}"]}}"#,
        "at `job.command[1]`: there is no parameter `nominal_tine`, did you mean `nominal_time`?"
      ),
      (
        #"{"name": "n", "every": "5m", "job": {"handler": "exec", "retry": {"delay": "soon"}}}"#,
        "at `job.retry.delay`: `delay` must be a span of time, like 30s or 1h30m, not `soon`"
      ),
      (#"{"every": "5m", "job": {"handler": "exec"}}"#, "`name` is missing"),
    ]
    try await TestServer.with(schedules: FakeScheduleService()) { server in
      for (body, detail) in bodies {
        let reply = try await server.request("POST", "/v1/schedules", body: body)
        #expect(try reply.decoded(Problem.self).detail == detail)
      }
    }
  }

  @Test("the list comes a page at a time, by name")
  func pages() async throws {
    try await TestServer.with(schedules: FakeScheduleService()) { server in
      for name in ["c", "a", "b"] {
        let body = #"{"name": "\#(name)", "every": "5m", "job": {"handler": "exec"}}"#
        #expect(try await server.request("POST", "/v1/schedules", body: body).status == 201)
      }
      let first: SchedulePage = try await server.request("GET", "/v1/schedules?limit=2").decoded()
      #expect(first.schedules.map(\.name) == ["a", "b"] && first.next == "b")
      let last: SchedulePage = try await server.request("GET", "/v1/schedules?after=b&limit=2").decoded()
      #expect(last.schedules.map(\.name) == ["c"] && last.next == nil)
      #expect(try await server.request("GET", "/v1/schedules?state=x").status == 422)
    }
  }

  @Test("a body of more than a mebibyte is refused, and one that is nested without end")
  func hugeBody() async throws {
    let service = FakeScheduleService()
    try await TestServer.with(schedules: service) { server in
      let long = #"{"name": "\#(String(repeating: "x", count: 1 << 20))"}"#
      let large = try await server.request("POST", "/v1/schedules", body: long)
      #expect(large.status == 413)
      let deep = String(repeating: "[", count: 100_000)
      let nested = try await server.request("POST", "/v1/schedules", body: deep)
      #expect(nested.status == 400)
      #expect(service.calls.isEmpty)
    }
  }

  @Test("what can't be is refused, with the name of what it is about")
  func badInput() async throws {
    try await TestServer.with(schedules: FakeScheduleService()) { server in
      _ = try await server.request("POST", "/v1/schedules", body: Self.body)
      let cases = [
        ("GET", "/v1/schedules/nightly/ticks?fate=run", nil, 422, "fate"),
        ("GET", "/v1/schedules/nightly/ticks?limit=0", nil, 422, "limit"),
        ("GET", "/v1/schedules/nightly/preview?count=10001", nil, 422, "count"),
        ("GET", "/v1/schedules/weekly/ticks", nil, 404, "weekly"),
        ("POST", "/v1/schedules/nightly/backfill", #"{"from": "x", "to": "2026-01-01"}"#, 422, "from"),
        ("POST", "/v1/schedules/nightly/backfill", #"{"from": "2026-01-01"}"#, 400, "to"),
        ("POST", "/v1/schedules", "[]", 422, "the body must have names"),
        ("PATCH", "/v1/schedules/nightly", nil, 405, "PATCH"),
      ]
      for (method, target, body, status, words) in cases {
        let reply = try await server.request(method, target, body: body)
        let problem: Problem = try reply.decoded()
        #expect(reply.status == status, "\(method) \(target): \(reply.status) \(problem.detail)")
        #expect(problem.detail.contains(words), "\(problem.detail)")
      }
    }
  }

  @Test("a runner without schedules says so")
  func none() async throws {
    try await TestServer.with { server in
      let refused = try await server.request("GET", "/v1/schedules")
      #expect(refused.status == 409)
    }
  }
}
