import MillraceClient
import MillraceEngine
import MillraceWire
import Testing
import TestSupport

@testable import MillraceCore
@testable import MillraceHTTP

@Suite("The route of the whole picture")
struct TopRouteTests {
  private static let gate = GateVerdict(gate: .slots, isOpen: false, need: 1, used: 4, capacity: 4)

  /// Puts two attempts and a job that waits in; of the second attempt the record knows nothing.
  private static func service() -> FakeJobService {
    let service = FakeJobService()
    var request = JobRequest(handler: "a")
    request.labels = ["team": "röd"]
    service.put(FakeJobService.job(JobID(1), request, state: .running))
    service.put(FakeJobService.job(JobID(3), request))
    let running = [1, 2].map { (number: Int64) in
      Top.Running(
        id: AttemptID(job: JobID(number), number: 2), handler: "a", jobClass: "c", priority: .default,
        limits: Sample.terms.limits, admitted: Sample.time(1), started: number == 1 ? Sample.time(2) : nil,
        frozenSince: number == 1 ? Sample.time(3) : nil, stop: number == 2 ? .timedOut : nil,
        memory: .mebibytes(7), cpuMillis: 250)
    }
    let queued = Top.Queued(
      id: JobID(3), handler: "a", jobClass: nil, priority: .default, limits: Sample.terms.limits,
      since: Sample.time(4), isHeld: true, gate: gate)
    service.change {
      $0.status = RunnerStatus(
        version: "0.1", pid: 7, started: Sample.time(0), draining: false, queued: 1, scheduled: 2, running: 2,
        capacity: Sample.admission.capacity, used: Sample.admission.used)
      $0.top = Top(running: running, queued: [queued])
      $0.progress = [JobID(1): Progress(fraction: 0.5, message: "half")]
    }
    return service
  }

  @Test("one call has the state, what runs and what waits, with labels, use, progress and gates")
  func top() async throws {
    try await TestServer.with(Self.service()) { server in
      let view = try await ClientAgainstServerTests.call(server) { try $0.top(queued: 7) }
      #expect(server.service.contents.topCounts == [7])
      #expect(view.status == StatusView(try #require(server.service.contents.status)))
      #expect(view.running.map(\.labels) == [["team": "röd"], [:]])
      let first = try #require(view.running.first)
      #expect(first.job == JobID(1) && first.attempt == 2 && first.state == .running && first.jobClass == "c")
      #expect(first.started == Wire.text(of: Sample.time(2)) && first.since == Wire.text(of: Sample.time(1)))
      #expect(first.frozenSince == Wire.text(of: Sample.time(3)) && first.stopping == nil)
      #expect(first.memoryBytes == 7 << 20 && first.cpuMillis == 250)
      #expect(first.progress == ProgressView(fraction: 0.5, message: "half"))
      #expect(view.running[1].state == .starting && view.running[1].stopping == "timedOut")
      let waiting = try #require(view.queued.first)
      #expect(waiting.job == JobID(3) && waiting.attempt == nil && waiting.held == true)
      #expect(waiting.gate == GateView(Self.gate) && waiting.labels == ["team": "röd"])
    }
  }

  @Test("how many of those that wait are told is bounded, and has to be a number")
  func count() async throws {
    try await TestServer.with(Self.service()) { server in
      let usual = try await server.request("GET", "/v1/top")
      #expect(usual.status == 200)
      #expect(server.service.contents.topCounts == [50])
      for query in ["queued=501", "queued=-1", "queued=x", "other=1"] {
        #expect(try await server.request("GET", "/v1/top?\(query)").status == 422)
      }
      #expect(try await server.request("POST", "/v1/top").status == 405)
    }
  }
}
