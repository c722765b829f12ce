import MillraceCore
import MillraceEngine
import MillraceWire
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("The routes of control")
struct ControlRouteTests {
  private func job(_ number: Int64, _ handler: String = "checksum", _ state: JobState = .queued) -> Job {
    FakeJobService.job(JobID(number), JobRequest(handler: handler), state: state)
  }

  @Test("the same key is answered with the same job: 200 and `existing`, over the header, too")
  func keys() async throws {
    try await TestServer.with { server in
      let body = #"{"handler": "checksum", "key": "k", "key_scope": "global", "key_window_seconds": 60}"#
      let first = try await server.request("POST", "/v1/jobs", body: body)
      #expect(first.status == 201)
      #expect(try first.decoded(JobView.self).existing == nil)
      let again = try await server.request("POST", "/v1/jobs", body: body)
      #expect(again.status == 200 && again.headers["location"] == "/v1/jobs/1")
      #expect(try again.decoded(JobView.self).existing == true)
      #expect(
        server.service.contents.submitted.first?.key == JobKey("k", scope: .global, window: .seconds(60)))
      for header in ["Idempotency-Key: k", "Idempotency-Key: \"k\""] {
        let reply = try await server.request(
          "POST", "/v1/jobs", headers: [header], body: #"{"handler": "checksum"}"#)
        #expect(try reply.status == 200 && reply.decoded(JobView.self).id == JobID(1))
      }
      let both = try await server.request(
        "POST", "/v1/jobs", headers: ["Idempotency-Key: other"], body: body)
      #expect(both.status == 422)
      let batch = try await server.request(
        "POST", "/v1/jobs/batch",
        body: #"{"jobs": [{"handler": "a", "key": "k"}, {"handler": "a"}, {"handler": "a", "unique": true}]}"#
      )
      #expect(batch.status == 201)
      #expect(try batch.decoded(BatchAnswer.self).existing == [JobID(1)])
    }
  }

  @Test(
    "a key that can't be is refused",
    arguments: [
      #""key_scope": "global""#, #""key": "k", "key_scope": "all""#, #""key": "k", "key_window_seconds": 0"#,
      #""key": "k", "unique": true, "key_window_seconds": 5"#,
    ])
  func badKeys(members: String) async throws {
    try await TestServer.with { server in
      let reply = try await server.request(
        "POST", "/v1/jobs", body: "{\"handler\": \"a\", \(members)}")
      #expect(reply.status == 422)
    }
  }

  @Test("group, hold and unique are passed on")
  func submitted() async throws {
    try await TestServer.with { server in
      _ = try await server.request(
        "POST", "/v1/jobs", body: #"{"handler": "a", "group": "line", "hold": true, "unique": true}"#)
      let request = try #require(server.service.contents.submitted.first)
      #expect(request.group == "line" && request.isHeld && request.isUnique && request.key == nil)
    }
  }

  @Test("all jobs that match are cancelled, held or released; `dry_run` only tells which")
  func selections() async throws {
    try await TestServer.with { server in
      for number in 1...3 { server.service.put(job(Int64(number))) }
      server.service.put(job(4, "checksum", .running))
      let tried = try await server.request(
        "POST", "/v1/jobs/cancel", body: #"{"states": ["queued"], "dry_run": true}"#)
      #expect(try tried.decoded(SelectionAnswer.self).count == 3)
      #expect(server.service.contents.jobs[JobID(1)]?.state == .queued)
      for (verb, isHeld) in [("hold", true), ("release", false)] {
        let reply = try await server.request(
          "POST", "/v1/jobs/\(verb)", body: #"{"states": ["queued"], "labels": {"a": "b"}, "group": "g"}"#)
        #expect(try reply.decoded(SelectionAnswer.self).ids.count == 3)
        #expect(server.service.contents.jobs[JobID(2)]?.isHeld == isHeld)
        #expect(server.service.contents.jobFilters.last?.group == "g")
      }
      let done = try await server.request("POST", "/v1/jobs/cancel", body: #"{"states": ["queued"]}"#)
      #expect(try done.decoded(SelectionAnswer.self).ids == [JobID(3), JobID(2), JobID(1)])
      #expect(server.service.contents.jobs[JobID(4)]?.state == .running)
      for body in ["{}", #"{"dry_run": true}"#, #"{"states": ["nope"]}"#, #"{"stats": ["queued"]}"#] {
        #expect(try await server.request("POST", "/v1/jobs/cancel", body: body).status == 422, "\(body)")
      }
      let one = try await server.request("POST", "/v1/jobs/4/hold")
      #expect(try one.decoded(JobView.self).held == true)
      #expect(try await server.request("POST", "/v1/jobs/4/release").decoded(JobView.self).held == nil)
      #expect(try await server.request("POST", "/v1/jobs/9/hold").status == 404)
    }
  }

  @Test("the runner, a handler or a group is paused, by the user whom the kernel names")
  func stations() async throws {
    try await TestServer.with { server in
      let paused = try await server.request("POST", "/v1/pause").decoded(StationView.self)
      #expect(paused.kind == "runner" && paused.state == "paused" && paused.by != nil)
      let handler = try await server.request("POST", "/v1/pause", body: #"{"handler": "x"}"#)
        .decoded(StationView.self)
      #expect(handler.words == "handler `x`")
      _ = try await server.request("POST", "/v1/drain", body: #"{"group": "g", "wait_seconds": 2}"#)
      _ = try await server.request("POST", "/v1/resume", body: "{}")
      #expect(
        server.service.contents.operations == [
          "pause runner", "pause handler x", "drain group g", "wait group g 2 s", "resume runner",
        ])
      let all = try await server.request("GET", "/v1/stations").decoded([StationView].self)
      #expect(all.map(\.kind) == ["handler", "group", "runner"])
      for body in [#"{"handler": "x", "group": "y"}"#, #"{"handler": "No"}"#, #"{"hander": "x"}"#] {
        #expect(try await server.request("POST", "/v1/pause", body: body).status == 422)
      }
      #expect(try await server.request("GET", "/v1/pause").status == 405)
    }
  }

  @Test("settings are listed, set and taken back")
  func settings() async throws {
    try await TestServer.with { server in
      let set = try await server.request(
        "POST", "/v1/settings/set", body: #"{"name": "queue.policy", "value": "easy", "persist": true}"#)
      #expect(
        try set.decoded(SettingView.self)
          == SettingView(
            name: "queue.policy", value: "easy", configured: "old", changed: true, persisted: true))
      #expect(try await server.request("GET", "/v1/settings").decoded([SettingView].self).count == 1)
      let unset = try await server.request(
        "POST", "/v1/settings/unset", body: #"{"name": "queue.policy"}"#)
      #expect(try unset.decoded(SettingView.self).changed == false)
      #expect(
        try await server.request("POST", "/v1/settings/set", body: #"{"name": "x"}"#).status == 422)
    }
  }

  @Test("a handler that is paused says so in the list of handlers")
  func handlers() async throws {
    let service = FakeJobService()
    service.change { contents in
      contents.catalog = Catalog(
        plugins: [
          Sample.plugin(
            "tools", handlers: [Handler(name: "a", summary: ""), Handler(name: "b", summary: "")])
        ], refused: [])
      contents.stations = [
        StationState(.handler("b"), .stopping(Pause(by: "ann", since: Sample.time(0))))
      ]
    }
    try await TestServer.with(service) { server in
      let view = try await server.request("GET", "/v1/handlers").decoded(HandlersView.self)
      #expect(view.plugins.first?.handlers.map { $0.station?.state } == [nil, "stopping"])
    }
  }
}
