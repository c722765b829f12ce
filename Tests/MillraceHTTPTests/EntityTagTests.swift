import MillraceCore
import MillraceWire
import TestSupport
import Testing

@Suite("Entity tags of what is edited")
struct EntityTagTests {
  private static let body = #"{"name": "s", "every": "1h", "job": {"handler": "exec"}}"#
  private static let other = #"{"every": "2h", "job": {"handler": "exec"}}"#

  @Test("who knows an older definition changes and removes nothing")
  func stale() async throws {
    try await TestServer.with(schedules: FakeScheduleService()) { server in
      let made = try await server.request("POST", "/v1/schedules", body: Self.body)
      let first = try #require(made.headers["etag"])
      #expect(try "\"\(made.decoded(ScheduleView.self).revision ?? "")\"" == first)
      #expect(try await server.request("GET", "/v1/schedules/s").headers["etag"] == first)
      let path = "/v1/schedules/s"
      let edited = try await server.request("PUT", path, headers: ["If-Match: \(first)"], body: Self.other)
      let second = try #require(edited.headers["etag"])
      #expect(edited.status == 200 && second != first)
      for stale in [first, "W/\(second)", "\"x\", \(first)"] {
        let reply = try await server.request("PUT", path, headers: ["If-Match: \(stale)"], body: Self.other)
        #expect(try reply.status == 412 && reply.decoded(Problem.self).kind == .changed, "\(stale)")
        #expect(try await server.request("DELETE", path, headers: ["If-Match: \(stale)"]).status == 412)
      }
      for known in ["*", "\"x\" , \(second)", second] {
        let reply = try await server.request("PUT", path, headers: ["If-Match: \(known)"], body: Self.other)
        #expect(reply.status == 200 && reply.headers["etag"] == second, "\(known)")
      }
      #expect(try await server.request("DELETE", path, headers: ["If-Match: \(second)"]).status == 204)
    }
  }

  @Test("who knows older settings changes none")
  func settings() async throws {
    try await TestServer.with { server in
      let first = try #require(try await server.request("GET", "/v1/settings").headers["etag"])
      let body = #"{"name": "queue.policy", "value": "easy"}"#
      let (set, unset) = ("/v1/settings/set", "/v1/settings/unset")
      #expect(
        try await server.request("POST", set, headers: ["If-Match: \(first)"], body: body).status == 200)
      let second = try #require(try await server.request("GET", "/v1/settings").headers["etag"])
      #expect(second != first)
      let other = #"{"name": "queue.policy"}"#
      for (path, body) in [(set, body), (unset, other)] {
        let stale = try await server.request("POST", path, headers: ["If-Match: \(first)"], body: body)
        #expect(try stale.status == 412 && stale.decoded(Problem.self).kind == .changed)
      }
      #expect(
        try await server.request("POST", unset, headers: ["If-Match: \(second)"], body: other).status == 200)
    }
  }

  @Test("what is no list of tags is refused", arguments: ["x", "\"", "\"a", "W/x", ", \"a\" b"])
  func malformed(text: String) async throws {
    try await TestServer.with(schedules: FakeScheduleService()) { server in
      _ = try await server.request("POST", "/v1/schedules", body: Self.body)
      let reply = try await server.request("DELETE", "/v1/schedules/s", headers: ["If-Match: \(text)"])
      #expect(reply.status == 422)
      #expect(try await server.request("GET", "/v1/schedules/s").status == 200)
    }
  }
}
