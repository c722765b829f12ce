import MillraceClient
import MillraceCore
import MillraceEngine
import MillraceWire
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("The stream of events", .timeLimit(.minutes(2)))
struct LiveRouteTests {
  @Test("tells what comes, each with its number, type and time")
  func tells() async throws {
    let stage = try await LiveStage()
    try await TestServer.with(transitions: stage.store) { server in
      let follower = try await EventFollower(server)
      let attempt = Sample.attempt(stage.job)
      try await stage.store.commit(
        [
          .starting(attempt),
          .ended(attempt.id, Sample.fullEnd(.error), next: .retry(notBefore: Sample.time(9))),
        ], at: Sample.time(3))
      let views = try await follower.views(4)
      #expect(views.map(\.type) == ["job.starting", "attempt.starting", "attempt.ended", "job.scheduled"])
      #expect(views.map(\.id) == [2, 3, 4, 5])
      let time = JSONValue.string("2026-01-01T00:00:03.000Z")
      #expect(
        views[2].members == [
          "id": .integer(4), "time": time, "type": .string("attempt.ended"), "job": .integer(1),
          "attempt": .integer(1), "handler": .string("noop"), "outcome": .string("error"),
          "exit_code": .integer(7),
        ])
      #expect(
        views[3].members == [
          "id": .integer(5), "time": time, "type": .string("job.scheduled"), "job": .integer(1),
          "handler": .string("noop"), "state": .string("scheduled"),
          "not_before": .string("2026-01-01T00:00:09.000Z"),
        ])
      #expect(follower.received.hasPrefix("retry: 2000\n\nid: 2\ndata: {"))
      #expect(follower.lastID == "5")
    }
  }

  @Test("goes on behind a number, by the header or by the query; the header counts more")
  func resumes() async throws {
    let stage = try await LiveStage()
    try await stage.hold(times: 9)
    try await TestServer.with(transitions: stage.store) { server in
      let queries: [(String, [String], [Int64])] = [
        ("?after=7", [], [8, 9, 10]), ("?after=0", ["Last-Event-ID: 8"], [9, 10]),
        ("?after=8", ["Last-Event-ID:"], [9, 10]), ("?last=2", [], [9, 10]),
        ("?last=99", [], Array(1...10)),
      ]
      for (query, headers, expected) in queries {
        let follower = try await EventFollower(server, query, headers: headers)
        #expect(try await follower.ids(expected.count) == expected, "\(query)")
      }
      let ended = try await EventFollower(server, "?after=4&follow=false")
      #expect(try await ended.ids(99) == Array(5...10))
      for query in ["?after=-1", "?after=x", "?type=%20", "?job=0", "?follow=1", "?colour=red", "?last=0"] {
        #expect(try await server.request("GET", "/v1/events/stream\(query)").status == 422, "\(query)")
      }
      let reply = try await server.request("GET", "/v1/events/stream", headers: ["Last-Event-ID: x"])
      #expect(reply.status == 422)
    }
  }

  @Test("says that something is missing, or that the number is of another record")
  func resets() async throws {
    let stage = try await LiveStage()
    try await stage.hold(times: 5)
    _ = try await stage.store.delete(OldTransitions(before: Sample.time(9)), atMost: 3)
    try await TestServer.with(transitions: stage.store) { server in
      let late = try await EventFollower(server, "?after=1")
      #expect(try await late.next() == ServerSentEvent(name: "reset", data: #"{"after":1,"resume":3}"#))
      #expect(try await late.ids(3) == [4, 5, 6])
      let strange = try await EventFollower(server, "?after=1000")
      #expect(try await strange.next() == ServerSentEvent(name: "reset", data: #"{"after":1000,"resume":6}"#))
      #expect(strange.lastID == "6")
    }
  }

  @Test("tells only of types, jobs and handlers that are asked for; numbers go on in between")
  func filters() async throws {
    let stage = try await LiveStage()
    let other = try await stage.store.submit([Sample.plain(handler: "other")], at: Sample.time(0))[0]
    try await stage.hold(times: 2)
    try await stage.store.commit([.held(other, true), .reprioritised(stage.job, .default)])
    try await TestServer.with(transitions: stage.store) { server in
      let wanted: [(String, [Int64])] = [
        ("job=2", [2, 5]), ("handler=other", [2, 5]), ("type=job.held", [3, 5]), ("type=job.re*", [4, 6]),
        ("type=job.*&job=1", [1, 3, 4, 6]), ("type=attempt.*", []),
      ]
      for (query, expected) in wanted {
        let follower = try await EventFollower(server, "?after=0&follow=false&\(query)")
        #expect(try await follower.ids(99) == expected, "\(query)")
        // Where one comes again who was told nothing of the rest.
        #expect(follower.lastID == "6")
      }
    }
  }

  @Test("tells of progress without a number")
  func progress() async throws {
    let stage = try await LiveStage()
    try await TestServer.with(transitions: stage.store) { server in
      let follower = try await EventFollower(server, "?type=attempt.*")
      stage.store.live.note(
        AttemptProgress(
          attempt: AttemptID(job: stage.job, number: 1), handler: "noop", time: Sample.time(1),
          fraction: 0.25, message: "a quarter"))
      let view = try #require(try await follower.views(1).first)
      #expect(
        view.members == [
          "type": .string("attempt.progress"), "time": .string("2026-01-01T00:00:01.000Z"),
          "job": .integer(1), "attempt": .integer(1), "handler": .string("noop"), "fraction": .number(0.25),
          "message": .string("a quarter"),
        ])
      #expect(follower.lastID == nil)
    }
  }

  @Test("a comment shows that it lives, and where one goes on of whom nothing was told")
  func heartbeat() async throws {
    let stage = try await LiveStage()
    try await TestServer.with(transitions: stage.store, configure: { $0.heartbeat = .milliseconds(20) }) {
      server in
      let follower = try await EventFollower(server, "?type=attempt.*")
      try await stage.hold(times: 3)
      try await follower.text(with: ": still here\nid: 4\n\n")
      #expect(follower.lastID == "4")
    }
  }

  @Test("ends when the runner stops, and when its client goes")
  func ends() async throws {
    let stage = try await LiveStage()
    try await TestServer.with(transitions: stage.store) { server in
      let gone = try await EventFollower(server)
      let stopped = try await EventFollower(server)
      #expect(stage.store.live.listenerCount == 2)
      gone.client.goAway()
      while stage.store.live.listenerCount > 1 { try await Task.sleep(for: .milliseconds(5)) }
      await server.stop()
      #expect(try await stopped.next() == nil)
      await server.stopped()
      #expect(stage.store.live.listenerCount == 0)
      #expect(server.log.all.isEmpty)
    }
  }

  @Test("a runner that tells of nothing says so")
  func without() async throws {
    try await TestServer.with { server in
      let reply = try await server.request("GET", "/v1/events/stream")
      #expect(reply.status == 409)
    }
  }
}
