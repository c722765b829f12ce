import FoundationEssentials
import MillraceCore
import MillraceEngine
import MillraceWire
import Testing
import TestSupport

@testable import MillraceHTTP

@Suite("The routes of workflows")
struct WorkflowRouteTests {
  private static let body = """
    {"name": "nightly", "empty": ["scan"], "jobs": [
      {"handler": "exec", "step": "fetch"},
      {"handler": "exec", "step": "report", "after": [{"position": 0, "condition": "any", "name": "fetch"}],
       "on_dependency_failure": "hold"}]}
    """

  @Test("a submitted workflow is answered with its number and those of its jobs, then shown and listed")
  func submit() async throws {
    try await TestServer.with { server in
      let reply = try await server.request("POST", "/v1/workflows", body: Self.body)
      #expect(reply.status == 201)
      #expect(reply.headers["location"] == "/v1/workflows/1")
      #expect(try reply.decoded() == WorkflowAnswer(workflow: 1, ids: [JobID(1), JobID(2)]))
      let request = try #require(server.service.contents.submittedWorkflows.first)
      #expect(request.jobs[1].after == [Dependency(.position(0), .any, name: "fetch")])
      #expect(request.jobs[1].onDependencyFailure == .hold)
      let view: WorkflowView = try await server.request("GET", "/v1/workflows/1").decoded()
      #expect(view.steps.map(\.name) == ["fetch", "report", "scan"])
      #expect(view.steps[1].needs == ["fetch": .any])
      #expect(view.workflow.state == .active && view.workflow.jobs == ["queued": 2])
      let page: WorkflowPage = try await server.request("GET", "/v1/workflows?limit=1").decoded()
      #expect(page.workflows.map(\.id) == [1] && page.next == 1)
    }
  }

  @Test("a workflow with a key is made once; the key is in the header or in the body")
  func key() async throws {
    try await TestServer.with { server in
      let header = ["Idempotency-Key: \"k\""]
      let first = try await server.request("POST", "/v1/workflows", headers: header, body: Self.body)
      let inBody = Self.body.replacing("\"nightly\"", with: "\"nightly\", \"key\": \"k\"")
      let second = try await server.request("POST", "/v1/workflows", body: inBody)
      #expect(first.status == 201 && second.status == 200)
      #expect(server.service.contents.submittedWorkflows.map(\.key) == ["k", "k"])
      let both = try await server.request(
        "POST", "/v1/workflows", headers: ["Idempotency-Key: x"], body: inBody)
      #expect(both.status == 422)
    }
  }

  @Test("cancel and retry-failed go to the workflow")
  func verbs() async throws {
    try await TestServer.with { server in
      _ = try await server.request("POST", "/v1/workflows", body: Self.body)
      for verb in ["cancel", "retry-failed"] {
        let (known, unknown) = (
          try await server.request("POST", "/v1/workflows/1/\(verb)").status,
          try await server.request("POST", "/v1/workflows/2/\(verb)").status
        )
        #expect(known == 200 && unknown == 404)
      }
      #expect(server.service.contents.workflowCalls == ["cancel 1", "retryFailed 1"])
    }
  }

  @Test(
    "what can't be is refused",
    arguments: [
      (#"{"name": "n"}"#, 400, "jobs"),
      (#"{"name": "n", "jobs": [], "step": 1}"#, 422, "there is no member `step`"),
      (
        #"{"name": "n", "jobs": [{"handler": "a", "after": [{}]}]}"#, 422, "must name a `job` or a `position`"
      ),
      (
        #"{"name": "n", "jobs": [{"handler": "a", "after": [{"job": 1, "position": 0}]}]}"#, 422,
        "must name a `job` or a `position`"
      ),
      (#"{"name": "n", "jobs": [{"handler": "a", "after": [{"job": -1}]}]}"#, 422, "no job number: -1"),
      (
        #"{"name": "n", "jobs": [{"handler": "a", "after": [{"job": 1, "name": "No"}]}]}"#, 422,
        "`No` can't name a dependency"
      ),
      (
        #"{"name": "n", "jobs": [{"handler": "a", "on_dependency_failure": "wait"}]}"#, 422,
        "`on_dependency_failure` can't be `wait`"
      ),
    ])
  func refused(body: String, status: Int, words: String) async throws {
    try await TestServer.with { server in
      let reply = try await server.request("POST", "/v1/workflows", body: body)
      let problem: Problem = try reply.decoded()
      #expect(reply.status == status)
      #expect(problem.detail.contains(words), "\(problem.detail)")
      #expect(server.service.contents.submittedWorkflows.isEmpty)
    }
  }

  @Test("an address without a number is no workflow")
  func address() async throws {
    try await TestServer.with { server in
      let answers = [("/x", 404), ("/7", 404), ("?state=x", 422)]
      for (target, status) in answers {
        let reply = try await server.request("GET", "/v1/workflows\(target)")
        #expect(reply.status == status)
      }
    }
  }
}
