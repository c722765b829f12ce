import MillraceCore
import MillraceEngine
import MillraceWire
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("The routes of what failed")
struct DeadRouteTests {
  private func put(_ states: [JobState], in server: TestServer) {
    for (index, state) in states.enumerated() {
      server.service.put(
        FakeJobService.job(JobID(Int64(index + 1)), JobRequest(handler: "a"), state: state))
    }
  }

  @Test("the jobs that failed are listed, each with its last attempt; another state can't be asked for")
  func list() async throws {
    try await TestServer.with { server in
      put([.failed, .succeeded, .failed], in: server)
      server.service.change { $0.attempts[JobID(3)] = [Sample.attempt(JobID(3))] }
      let page: DeadPage = try await server.request("GET", "/v1/dead?handler=a").decoded()
      #expect(page.jobs.map(\.job.id) == [JobID(3), JobID(1)])
      #expect(page.jobs.map { $0.last?.id } == ["3.1", nil])
      #expect(server.service.contents.jobFilters.first?.states == [.failed])
      #expect(try await server.request("GET", "/v1/dead?state=queued").status == 422)
    }
  }

  @Test("one that failed is tried again with what shall be different; nothing else is taken")
  func retry() async throws {
    try await TestServer.with { server in
      put([.failed, .running], in: server)
      let body = #"{"more_memory_percent":50,"timeout_seconds":2,"max_attempts":4}"#
      let answers: [(path: String, body: String, status: Int)] = [
        ("jobs/1", #"{"memory":5}"#, 422), ("jobs/1", #"{"more_memory_percent":0}"#, 422),
        ("jobs/1", #"{"more_memory_percent":5,"memory_bytes":5}"#, 422), ("jobs/1", #"{"ids":[1]}"#, 422),
        ("jobs/1", #"{"timeout_seconds":-1}"#, 422), ("jobs/2", "", 409), ("jobs/9", "", 404),
        ("dead", "{}", 422), ("dead", #"{"ids":[1,2]}"#, 409),
      ]
      for (path, body, status) in answers {
        let reply = try await server.request("POST", "/v1/\(path)/retry", body: body)
        #expect(reply.status == status, "\(path) \(body)")
        if path == "dead", status == 409 { put([.failed, .running], in: server) }
      }
      let reply = try await server.request("POST", "/v1/jobs/1/retry", body: body)
      #expect(try reply.decoded(JobView.self).state == .queued)
      let asked = server.service.contents.retried.last
      #expect(
        asked?.moreMemory == 50 && asked?.wishes.timeout == .seconds(2) && asked?.wishes.maxAttempts == 4)
      put([.failed, .failed], in: server)
      let all = try await server.request("POST", "/v1/dead/retry", body: #"{"ids":[1,2],"memory_bytes":9}"#)
      #expect(try all.decoded(JobPage.self).jobs.map(\.id) == [JobID(1), JobID(2)])
    }
  }

  @Test("the breaker of a handler is shown with it, and reset")
  func breaker() async throws {
    try await TestServer.with { server in
      let plugin = Plugin(
        name: "sums", version: "1", sha256: "ab", path: "/p/libsums.so",
        handlers: [Handler(name: "checksum", summary: "sums")])
      let standing = BreakerStanding(
        handler: "checksum", build: "ab", phase: .open, failures: 10, opensAt: Sample.time(60), times: 1)
      server.service.change {
        $0.catalog = Catalog(plugins: [plugin], refused: [])
        $0.breakers = [standing]
      }
      let view: HandlersView = try await server.request("GET", "/v1/handlers").decoded()
      #expect(view.plugins.first?.handlers.first?.breaker == BreakerView(standing))
      let reset = try await server.request("POST", "/v1/handlers/checksum/reset")
      #expect(try reply(reset).phase == .closed)
      #expect(server.service.contents.breakers.isEmpty)
    }
  }

  private func reply(_ reply: HTTPReply) throws -> BreakerView { try reply.decoded() }
}
