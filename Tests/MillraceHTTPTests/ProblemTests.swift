import MillraceCore
import MillraceEngine
import MillraceWire
import Testing
import TestSupport

@testable import MillraceHTTP

@Suite("Errors over the API")
struct ProblemTests {
  @Test("every kind of refusal is a problem with its status", arguments: Refusal.Kind.allCases)
  func refusals(kind: Refusal.Kind) async throws {
    try await TestServer.with { server in
      let refusal = Refusal(kind, "no", hint: "try", index: 3)
      server.service.change { $0.failure = refusal }
      let reply = try await server.request("POST", "/v1/jobs", body: #"{"handler": "a"}"#)
      let problem: Problem = try reply.decoded()
      #expect(problem == Problem(refusal))
      #expect(reply.status == problem.status)
      #expect(reply.headers["content-type"] == "application/problem+json")
      let mayRetry = [.queueFull, .starting, .draining].contains(kind)
      #expect((reply.headers["retry-after"] != nil) == mayRetry)
      #expect(server.log.all.isEmpty)
    }
  }

  @Test("any other error is a 500 that tells nothing, and is logged once")
  func internalError() async throws {
    struct Secret: Error {}
    try await TestServer.with { server in
      server.service.change { $0.failure = Secret() }
      let reply = try await server.request("GET", "/v1/jobs")
      #expect(reply.status == 500)
      #expect(!reply.text.contains("Secret"))
      #expect(server.log.all.count { $0.contains("Secret") && $0.contains("path=/v1/jobs") } == 1)
    }
  }

  @Test(
    "bad bodies are refused with the place in words",
    arguments: [
      ("{", 400, "this is no JSON"), ("", 400, "this is no JSON"),
      ("[]", 400, "the body must be an object"), ("{}", 400, "`handler` is missing"),
      (#"{"handler": 3}"#, 400, "`handler` must be text"),
      (#"{"handler": null}"#, 400, "`handler` must be text, not null"),
      (#"{"handler": "a", "memory_bytes": "1G"}"#, 400, "`memory_bytes` must be a whole number"),
      (#"{"handler": "a", "labels": []}"#, 400, "`labels` must be an object"),
      (#"{"handler": "a", "io": {}}"#, 400, "`io` must be a list"),
      (#"{"handler": "a", "input": "%%"}"#, 400, "`input` can't be read"),
      (#"{"handler": "a", "timeout_seconds": []}"#, 400, "`timeout_seconds` must be a number"),
      (#"{"handler": "a", "pids": 0}"#, 422, "`pids` must be above 0"),
      (#"{"handler": "a", "priority": 11}"#, 422, "priority is 1 to 10"),
      (#"{"handler": "a", "memroy": 1, "x": 2}"#, 422, "there are no members `memroy`, `x`"),
    ])
  func badBodies(body: String, status: Int, words: String) async throws {
    try await TestServer.with { server in
      let reply = try await server.request("POST", "/v1/jobs", body: body)
      #expect(reply.status == status)
      let problem: Problem = try reply.decoded()
      #expect(problem.detail.contains(words), "\(problem.detail)")
      #expect(server.service.contents.submitted.isEmpty)
    }
  }

  @Test("an unknown member that is near a known one is answered with that one")
  func nearMember() async throws {
    try await TestServer.with { server in
      for name in ["memoryBytes", "memory", "memory-bytes"] {
        let reply = try await server.request("POST", "/v1/jobs", body: #"{"handler": "a", "\#(name)": 1}"#)
        #expect(try reply.decoded(Problem.self).hint == "did you mean `memory_bytes`?")
      }
    }
  }

  @Test(
    "one bad job refuses a whole batch and is named by its index",
    arguments: [
      #"{"handler": "b", "pids": "x"}"#, #"{"handler": "b", "pids": 0}"#, #"{"handler": "b", "pid": 1}"#, "{",
    ])
  func badBatches(bad: String) async throws {
    try await TestServer.with { server in
      let lines = try await server.request(
        "POST", "/v1/jobs/batch", headers: ["Content-Type: application/jsonl"],
        body: "{\"handler\": \"a\"}\n\(bad)\n{\"handler\": \"c\"}\n")
      #expect(try lines.decoded(Problem.self).index == 1)
      guard bad != "{" else { return }  // In one document a syntax error belongs to no job.
      let whole = try await server.request(
        "POST", "/v1/jobs/batch", body: #"{"jobs": [{"handler": "a"}, \#(bad)]}"#)
      #expect(try whole.decoded(Problem.self).index == 1)
      #expect(server.service.contents.submitted.isEmpty)
    }
  }

  @Test("an empty batch, a batch of too many jobs and an unknown member beside `jobs` are refused")
  func batchBounds() async throws {
    try await TestServer.with(configure: { $0.maxBatchJobs = 2 }) { server in
      let job = #"{"handler": "a"}"#
      for (body, status) in [
        (#"{"jobs": []}"#, 422), (#"{"jobs": [\#(job), \#(job), \#(job)]}"#, 413),
        (#"{"jobs": [], "more": 1}"#, 422),
      ] {
        #expect(try await server.request("POST", "/v1/jobs/batch", body: body).status == status)
      }
      let lines = try await server.request(
        "POST", "/v1/jobs/batch", headers: ["Content-Type: application/jsonl"],
        body: "\(job)\n\(job)\n\(job)\n")
      #expect(lines.status == 413)
      #expect(server.service.contents.submitted.isEmpty)
    }
  }

  @Test("an unknown address is a 404, a wrong method a 405 with the right ones")
  func addresses() async throws {
    try await TestServer.with { server in
      for target in ["/", "/v1", "/v2/jobs", "/v1/jobs/1/nothing", "/v1/jobs/1/wait/x"] {
        let reply = try await server.request("GET", target)
        #expect(reply.status == 404)
        #expect(reply.headers["content-type"] == "application/problem+json")
      }
      for (method, target, allowed) in [
        ("DELETE", "/v1/jobs", "POST, GET, HEAD"), ("PUT", "/v1/jobs/7", "GET, HEAD"),
        ("PROPFIND", "/v1/jobs/batch", "POST"), ("GET", "/v1/jobs/7/cancel", "POST"),
        ("POST", "/v1/status", "GET, HEAD"),
      ] {
        let reply = try await server.request(method, target)
        #expect(reply.status == 405, "\(method) \(target)")
        #expect(reply.headers["allow"] == allowed)
        #expect(try reply.decoded(Problem.self).status == 405)
      }
    }
  }

  @Test(
    "unknown jobs, numbers that are none, unknown filters and broken codes are refused",
    arguments: [
      ("/v1/jobs/99", 404), ("/v1/jobs/abc", 404), ("/v1/jobs/0", 404), ("/v1/jobs/-1", 404),
      ("/v1/jobs/99/wait?timeout=0", 404), ("/v1/jobs/99/logs", 404), ("/v1/jobs?colour=red", 422),
      ("/v1/jobs?limit=0", 422), ("/v1/jobs?limit=%zz", 422), ("/v1/jobs?handler=%ff", 422),
      ("/v1/jobs?handler=%4", 422), ("/v1/jobs?handler=%+1", 422),
      ("/v1/history?sort=beauty", 422), ("/v1/history/summary?since=tomorrow", 422),
      ("/v1/jobs/99/wait?colour=red", 422), ("/v1/jobs/99/logs?follow=maybe", 422),
    ])
  func badTargets(target: String, status: Int) async throws {
    try await TestServer.with { server in
      let reply = try await server.request("GET", target)
      #expect(reply.status == status)
      #expect(try reply.decoded(Problem.self).status == status)
    }
  }

  @Test("a caller who is neither the runner's user nor root is refused")
  func forbidden() async throws {
    try await TestServer.with(configure: { $0.access.admins = [54321] }) { server in
      for target in ["/v1/status", "/v1/jobs", "/nowhere"] {
        let reply = try await server.request("GET", target)
        #expect(reply.status == 403)
        #expect(try reply.decoded(Problem.self).type == "urn:millrace:forbidden")
      }
    }
  }
}
