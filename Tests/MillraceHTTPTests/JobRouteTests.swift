import FoundationEssentials
import MillraceCore
import MillraceEngine
import MillraceWire
import Testing
import TestSupport

@testable import MillraceHTTP

@Suite("The routes of jobs")
struct JobRouteTests {
  private func job(_ number: Int64, _ state: JobState = .queued) -> Job {
    FakeJobService.job(JobID(number), JobRequest(handler: "checksum"), state: state)
  }

  @Test("a submitted job is answered with 201, its address and its view")
  func submit() async throws {
    try await TestServer.with { server in
      let body = """
        {"handler": "checksum", "parameters": {"Path": "/etc", "deep_ness": 3}, "memory_bytes": 1048576,
         "input": "aGk=", "priority": 7, "class": "nightly", "labels": {"a_b": "c"}, "timeout_seconds": 1.5}
        """
      let reply = try await server.request("POST", "/v1/jobs", body: body)
      #expect(reply.status == 201)
      #expect(reply.headers["location"] == "/v1/jobs/1")
      #expect(reply.headers["content-type"] == "application/json")
      #expect(try reply.decoded(JobView.self).id == JobID(1))
      var expected = JobRequest(
        handler: "checksum", parameters: ["Path": .string("/etc"), "deep_ness": .integer(3)],
        input: Array("hi".utf8),
        wishes: Wishes(memory: .mebibytes(1), timeout: .milliseconds(1500)),
        priority: try #require(Priority(rawValue: 7)), jobClass: "nightly", labels: ["a_b": "c"])
      expected.owner = UserNames.own
      #expect(server.service.contents.submitted == [expected])
    }
  }

  @Test("a job is in the trace of its request, unless it names another")
  func trace() async throws {
    try await TestServer.with { server in
      let own = "01-00000000000000000000000000000001-0000000000000002-00"
      for header in [Sample.trace, "nothing"] {
        let jobs = #"{"jobs": [{"handler": "a"}, {"handler": "b", "trace_parent": "\#(own)"}]}"#
        for (path, body) in [("/jobs", #"{"handler": "a"}"#), ("/jobs/batch", jobs)] {
          let reply = try await server.request(
            "POST", "/v1" + path, headers: ["traceparent: \(header)"], body: body)
          #expect(reply.status == 201)
        }
      }
      let parents = server.service.contents.submitted.map(\.traceParent)
      #expect(parents == [Sample.trace, Sample.trace, own, nil, nil, own])
    }
  }

  @Test("a batch is answered with the numbers of its jobs in order")
  func batch() async throws {
    try await TestServer.with { server in
      let body = #"{"jobs": [{"handler": "a"}, {"handler": "b"}]}"#
      let reply = try await server.request("POST", "/v1/jobs/batch", body: body)
      #expect(reply.status == 201)
      #expect(try reply.decoded(BatchAnswer.self).ids == [JobID(1), JobID(2)])
      #expect(server.service.contents.submitted.map(\.handler) == ["a", "b"])
    }
  }

  @Test("a batch in lines is read while it comes, with and without a last line break")
  func lines() async throws {
    try await TestServer.with { server in
      for (body, count) in [
        ("{\"handler\":\"a\"}\n\n{\"handler\":\"b\"}\r\n", 2), ("{\"handler\":\"a\"}", 1),
      ] {
        let reply = try await server.request(
          "POST", "/v1/jobs/batch", headers: ["Content-Type: application/jsonl; charset=utf-8"], body: body)
        #expect(reply.status == 201)
        #expect(try reply.decoded(BatchAnswer.self).ids.count == count)
      }
    }
  }

  @Test("a list gives a cursor only if there is more")
  func list() async throws {
    try await TestServer.with { server in
      for number in 1...3 { server.service.put(job(Int64(number), number == 2 ? .failed : .queued)) }
      let first: JobPage = try await server.request("GET", "/v1/jobs?limit=2").decoded()
      #expect(first.jobs.map(\.id) == [JobID(3), JobID(2)])
      #expect(first.next == JobID(2))
      let last: JobPage = try await server.request("GET", "/v1/jobs?limit=1&before=2").decoded()
      #expect(last.jobs.map(\.id) == [JobID(1)])
      #expect(last.next == nil)
      let target = "/v1/jobs?state=failed&label=team%3Dred%20blue&since=2026-11-21T04:20:00%2B00:00"
      let failed: JobPage = try await server.request("GET", target).decoded()
      #expect(failed.jobs.map(\.id) == [JobID(2)])
      #expect(server.service.contents.jobFilters.last?.labels == ["team": "red blue"])
      #expect(server.service.contents.jobFilters.last?.since != nil)
    }
  }

  @Test("a job is shown with its attempts, gates, progress and use")
  func detail() async throws {
    try await TestServer.with { server in
      server.service.put(job(1))
      let gate = GateVerdict(gate: .memory, isOpen: false, need: 256, used: 1, capacity: 2)
      server.service.change { contents in
        contents.standings[JobID(1)] = Standing(
          progress: Progress(fraction: 0.5, message: "half"), gates: [gate],
          usage: UsageSample(workingSet: .mebibytes(3), cpu: .seconds(2)))
      }
      let detail: JobDetail = try await server.request("GET", "/v1/jobs/1").decoded()
      #expect(detail.gates == [GateView(gate)])
      #expect(detail.progress == ProgressView(fraction: 0.5, message: "half"))
      #expect(detail.workingSetBytes == 3 << 20)
      #expect(detail.cpuSeconds == 2)
    }
  }

  @Test("what a running attempt has used is told as far as it is known")
  func usage() async throws {
    try await TestServer.with { server in
      server.service.put(job(1))
      server.service.put(job(2))
      var series = UsageSeries()
      series.add(UsageSample(workingSet: .mebibytes(3), cpu: .seconds(2)), at: Sample.time(1))
      series.add(UsageSample(cpu: .seconds(3)), at: Sample.time(2))
      server.service.change { $0.usage[AttemptID(job: JobID(1), number: 2)] = series }
      let text = try await server.request("GET", "/v1/jobs/1/usage").text
      #expect(
        text == #"{"attempt":2,"points":["#
          + #"{"cpu_seconds":2,"time":"\#(Wire.text(of: Sample.time(1)))","working_set_bytes":3145728},"#
          + #"{"cpu_seconds":3,"time":"\#(Wire.text(of: Sample.time(2)))"}]}"#)
      #expect(try await server.request("GET", "/v1/jobs/2/usage").text == #"{"points":[]}"#)
      #expect(try await server.request("GET", "/v1/jobs/3/usage").status == 404)
    }
  }

  @Test("a job is cancelled once, and then it is a conflict")
  func cancel() async throws {
    try await TestServer.with { server in
      server.service.put(job(1))
      let view: JobView = try await server.request("POST", "/v1/jobs/1/cancel").decoded()
      #expect(view.state == .cancelled)
      #expect(try await server.request("POST", "/v1/jobs/1/cancel").status == 409)
    }
  }

  @Test("a wait ends when its job ends")
  func wait() async throws {
    try await TestServer.with { server in
      server.service.put(job(1))
      var events = server.service.events.makeAsyncIterator()
      async let reply = server.request("GET", "/v1/jobs/1/wait")
      #expect(await events.next() == .waiting(JobID(1), atMost: .seconds(30)))
      server.service.put(job(1, .succeeded))
      let view: JobView = try await reply.decoded()
      #expect(view.state == .succeeded)
    }
  }

  @Test("a wait with no time answers at once with the job as it is")
  func waitNot() async throws {
    try await TestServer.with { server in
      server.service.put(job(1))
      let reply = try await server.request("GET", "/v1/jobs/1/wait?timeout=0")
      #expect(try reply.decoded(JobView.self).state == .queued)
      for wrong in ["61", "-1", "nan", "soon", ""] {
        #expect(try await server.request("GET", "/v1/jobs/1/wait?timeout=\(wrong)").status == 422)
      }
    }
  }

  @Test("a wait is given up when its client goes away")
  func waitAbandoned() async throws {
    try await TestServer.with { server in
      server.service.put(job(1))
      var events = server.service.events.makeAsyncIterator()
      let client = try SocketClient(path: server.path)
      try await client.send(TestServer.text(of: "GET", "/v1/jobs/1/wait?timeout=60"))
      #expect(await events.next() == .waiting(JobID(1), atMost: .seconds(60)))
      client.goAway()
      #expect(await events.next() == .waitEnded(JobID(1)))
    }
  }

  @Test("a result has its media type; without one the reason is told")
  func result() async throws {
    try await TestServer.with { server in
      server.service.put(job(1, .succeeded))
      server.service.put(job(2, .running))
      server.service.put(job(3, .failed))
      server.service.change {
        $0.results[JobID(1)] = JobResult(mediaType: "image/png", bytes: [0, 255, 10])
      }
      let reply = try await server.request("GET", "/v1/jobs/1/result")
      #expect(reply.status == 200)
      #expect(reply.headers["content-type"] == "image/png")
      #expect(reply.body == [0, 255, 10])
      #expect(try await server.request("GET", "/v1/jobs/2/result").status == 409)
      #expect(try await server.request("GET", "/v1/jobs/3/result").status == 404)
      #expect(try await server.request("GET", "/v1/jobs/4/result").status == 404)
    }
  }

  @Test("the members that a submission may have are the ones that the wire has")
  func members() throws {
    var request = SubmitRequest(handler: "h")
    request.parameters = [:]
    request.arguments = []
    request.input = Data()
    request.memoryBytes = 1
    request.cpuMillis = 1
    request.pids = 1
    request.io = []
    request.timeoutSeconds = 1
    request.graceSeconds = 1
    request.maxAttempts = 1
    request.retryDelaySeconds = 1
    request.retryFactor = 1
    request.retryMaxDelaySeconds = 1
    request.retryJitter = 1
    request.retryOn = []
    request.memoryMaxBytes = 1
    request.timeoutFactor = 1
    request.startWithinSeconds = 1
    request.finishWithinSeconds = 1
    request.priority = 1
    request.jobClass = "c"
    request.labels = [:]
    request.notBefore = "2026-11-21"
    request.traceParent = "t"
    (request.key, request.keyScope, request.keyWindowSeconds) = ("k", "global", 1)
    (request.unique, request.group, request.hold) = (true, "g", true)
    request.after = []
    request.onDependencyFailure = "hold"
    (request.step, request.affinity, request.place) = ("s", "a", "auto")
    let bytes = try Wire.encoder().encode(request)
    let written = try JSONDecoder().decode([String: JSONValue].self, from: bytes).keys
    #expect(Set(written) == Set(SubmitRequest.members))
    #expect(Mirror(reflecting: request).children.count == SubmitRequest.members.count)
  }
}
