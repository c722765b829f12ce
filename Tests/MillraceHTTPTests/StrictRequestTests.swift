import MillraceCore
import MillraceWire
import Testing
import TestSupport

@testable import MillraceHTTP

@Suite("What is refused, since it would be passed over")
struct StrictRequestTests {
  @Test(
    "parameters that an address does not have",
    arguments: [
      ("GET", "/v1/status?verbose=1", "verbose"), ("GET", "/v1/jobs/1?limit=3", "limit"),
      ("POST", "/v1/jobs/1/cancel?force=true", "force"), ("POST", "/v1/jobs?dry_run=true", "dry_run"),
      ("HEAD", "/v1/handlers?a", "a"),
    ])
  func query(method: String, target: String, name: String) async throws {
    try await TestServer.with { server in
      let reply = try await server.request(method, target, body: method == "POST" ? "{}" : nil)
      #expect(reply.status == 422)
      guard method != "HEAD" else { return }
      #expect(try reply.decoded(Problem.self).detail == "there is no parameter `\(name)`")
    }
  }

  @Test(
    "bodies that say that they are no JSON",
    arguments: [
      "/v1/jobs", "/v1/jobs/batch", "/v1/pause", "/v1/prune", "/v1/jobs/1/retry", "/v1/settings/set",
    ])
  func mediaType(target: String) async throws {
    try await TestServer.with { server in
      for type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonl2", ""] {
        let reply = try await server.request(
          "POST", target, headers: ["Content-Type: \(type)"], body: #"{"handler": "a"}"#)
        #expect(reply.status == 415, "\(type)")
        #expect(try reply.decoded(Problem.self).hint?.contains("application/json") ?? false)
      }
      #expect(server.service.contents.submitted.isEmpty)
    }
  }

  @Test("JSON may be announced in several ways, or not at all")
  func json() async throws {
    try await TestServer.with { server in
      for header in ["", "Content-Type: application/json; charset=utf-8", "Content-Type: Application/JSON"] {
        let headers = header.isEmpty ? [] : [header]
        let reply = try await server.request("POST", "/v1/jobs", headers: headers, body: #"{"handler": "a"}"#)
        #expect(reply.status == 201, "\(header)")
      }
    }
  }

  @Test(
    "members of the elements of lists, with the request of a batch that has them",
    arguments: [
      #""io": [{"device": "8:0", "read": 1}]"#, #""after": [{"job": 1, "read": 2}]"#,
      #""arguments": [{"name": "a", "value": "b", "read": 0}]"#,
    ])
  func elements(members: String) async throws {
    try await TestServer.with { server in
      let job = #"{"handler": "a", \#(members)}"#
      let alone = try await server.request("POST", "/v1/jobs", body: job)
      let problem: Problem = try alone.decoded()
      #expect(alone.status == 422)
      #expect(problem.detail == "there is no member `read`")
      #expect(problem.index == nil)
      let batch = try await server.request(
        "POST", "/v1/jobs/batch", body: #"{"jobs": [{"handler": "a"}, \#(job)]}"#)
      #expect(try batch.decoded(Problem.self).index == 1)
      #expect(server.service.contents.submitted.isEmpty)
    }
  }

  @Test("a wrong type within a list of one job names no place in a batch")
  func typeInList() async throws {
    try await TestServer.with { server in
      let reply = try await server.request(
        "POST", "/v1/jobs", body: #"{"handler": "a", "io": [{"device": 8}]}"#)
      let problem: Problem = try reply.decoded()
      #expect(reply.status == 400 && problem.index == nil)
      #expect(problem.detail == "`io[0].device` must be text")
    }
  }

  @Test("a number behind which a log goes on that is none, also where it is not followed")
  func lastEventID() async throws {
    let service = FakeJobService()
    var job = FakeJobService.job(JobID(1), JobRequest(handler: "a"), state: .succeeded)
    job.attempts = 1
    service.put(job)
    service.change { $0.logs[AttemptID(job: JobID(1), number: 1)] = [] }
    try await TestServer.with(service) { server in
      for text in ["-1", "x", "9223372036854775808"] {
        let reply = try await server.request("GET", "/v1/jobs/1/logs", headers: ["Last-Event-ID: \(text)"])
        #expect(reply.status == 422, "\(text)")
      }
      let empty = try await server.request("GET", "/v1/jobs/1/logs", headers: ["Last-Event-ID:"])
      #expect(empty.status == 200)
    }
  }

  @Test("a wait that only a drain has, before anything is paused")
  func waitOfPause() async throws {
    try await TestServer.with { server in
      for (verb, seconds) in [("pause", 1), ("resume", 0), ("drain", 61)] {
        let reply = try await server.request("POST", "/v1/\(verb)", body: #"{"wait_seconds": \#(seconds)}"#)
        #expect(reply.status == 422, "\(verb)")
      }
      #expect(server.service.contents.operations.isEmpty)
    }
  }
}
