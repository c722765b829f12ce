import MillraceCore
import MillraceEngine
import MillraceWire
import Synchronization
import Testing
import TestSupport

@testable import MillraceHTTP

@Suite("The routes of why, rehearsals, priorities and what was learned")
struct WhyRouteTests {
  private static let explanation = Explanation(
    gates: [
      GateVerdict(gate: .memory, isOpen: false, need: 3, used: 2, capacity: 4),
      GateVerdict(gate: .runner, isOpen: true),
    ], ahead: 2,
    estimate: Estimate(
      memory: .mebibytes(3), cpuMillis: 250, expectedRun: .seconds(1), runBound: .seconds(2),
      settling: .seconds(3), memoryBasis: .percentile95(of: 20), runBasis: .declared))
  private static let forecast = Forecast(start: Timestamp(microseconds: 1_000_000), basis: "so")

  @Test("why is told of waiting jobs and of those that have started")
  func why() async throws {
    try await TestServer.with { server in
      let job = FakeJobService.job(JobID(1), JobRequest(handler: "a"))
      let attempt = Sample.attempt(JobID(2))
      server.service.change {
        $0.answers[JobID(1)] = Answer(job: job, explanation: Self.explanation, forecast: Self.forecast)
        $0.answers[JobID(2)] = Answer(job: job, attempt: attempt)
      }
      let waiting: WhyView = try await server.request("GET", "/v1/jobs/1/why").decoded()
      #expect(waiting.explanation == ExplanationView(Self.explanation))
      #expect(waiting.explanation?.gates.first?.remedy?.isEmpty == false)
      #expect(waiting.forecast == ForecastView(Self.forecast))
      #expect(waiting.attempt == nil)
      let started: WhyView = try await server.request("GET", "/v1/jobs/2/why").decoded()
      #expect(started == WhyView(job: JobView(job), attempt: AttemptView(attempt)))
      #expect(try await server.request("GET", "/v1/jobs/3/why").status == 404)
      #expect(try await server.request("GET", "/v1/jobs/x/why").status == 404)
      #expect(try await server.request("POST", "/v1/jobs/1/why").status == 405)
    }
  }

  @Test("a rehearsal submits nothing, and is refused like a submission")
  func rehearse() async throws {
    try await TestServer.with { server in
      let trial = Trial(
        submission: Sample.plain(), explanation: Self.explanation, forecast: Self.forecast)
      server.service.change { $0.trial = trial }
      let text = #"{"handler":"noop","priority":7}"#
      let reply = try await server.request("POST", "/v1/jobs/rehearse", body: text)
      #expect(reply.status == 200)
      #expect(
        try reply.decoded(RehearsalView.self)
          == RehearsalView(trial.submission, trial.explanation, trial.forecast))
      #expect(server.service.contents.rehearsed.map(\.priority.rawValue) == [7])
      #expect(server.service.contents.submitted.isEmpty)
      server.service.change {
        $0.failure = Refusal(.neverAdmissible, "it wants 3 GiB", hint: "ask for at most 2 GiB")
      }
      let never = try await server.request("POST", "/v1/jobs/rehearse", body: text)
      #expect(never.status == 422)
      #expect(try never.decoded(Problem.self).hint == "ask for at most 2 GiB")
    }
  }

  private static func reprioritise(_ job: Int, _ body: String, on server: TestServer) async throws
    -> HTTPReply
  {
    try await server.request("POST", "/v1/jobs/\(job)/reprioritise", body: body)
  }

  @Test("a job gets another priority; an ended one and an unknown one do not")
  func reprioritise() async throws {
    try await TestServer.with { server in
      server.service.put(FakeJobService.job(JobID(1), JobRequest(handler: "a")))
      server.service.put(FakeJobService.job(JobID(2), JobRequest(handler: "a"), state: .failed))
      let nine = #"{"priority":9}"#
      let changed = try await Self.reprioritise(1, nine, on: server)
      #expect(try changed.decoded(JobView.self).priority == 9)
      let answers: [(job: Int, body: String, status: Int)] = [
        (2, nine, 409), (3, nine, 404), (1, "{}", 400), (1, #"{"priority":5,"by":1}"#, 422),
        (1, #"{"priority":0}"#, 422), (1, #"{"priority":11}"#, 422), (1, #"{"priority":-1}"#, 422),
        (1, #"{"priority":1.5}"#, 400), (1, #"{"priority":NaN}"#, 400), (1, #"{"priority":1e400}"#, 400),
        (1, #"{"priority":"5"}"#, 400), (1, #"{"priority":null}"#, 400),
        (1, #"{"priority":99999999999999999999}"#, 400),
      ]
      for (job, body, status) in answers {
        let reply = try await Self.reprioritise(job, body, on: server)
        #expect(reply.status == status, "\(body)")
      }
      #expect(server.service.contents.jobs[JobID(1)]?.submission.priority.rawValue == 9)
    }
  }

  @Test("statistics and recommendations are told; nobody's are not found")
  func learned() async throws {
    try await TestServer.with { server in
      let figures = Statistics.Figures(count: 30, median: 1, percentile95: 1 << 20, max: 1 << 20)
      let statistics = Statistics(
        handler: "noop", jobClass: nil, build: "ab", isInherited: false, attempts: 30, memory: figures)
      let recommendation = Recommendation(from: statistics, present: Sample.terms, least: 20)
      server.service.change {
        $0.statistics["noop"] = [statistics]
        $0.recommendations["noop"] = recommendation
      }
      let views: [StatisticsView] = try await server.request("GET", "/v1/handlers/noop/statistics").decoded()
      #expect(views == [StatisticsView(statistics)])
      let page: StatisticsPage = try await server.request("GET", "/v1/statistics?handler=noop").decoded()
      #expect(page == StatisticsPage(handlers: views, fates: [:], window: FakeJobService.window))
      #expect(try await server.request("GET", "/v1/statistics?handler=other").status == 404)
      #expect(try await server.request("GET", "/v1/statistics?class=large").status == 422)
      let view: RecommendationView = try await server.request("GET", "/v1/handlers/noop/recommendation")
        .decoded()
      #expect(view == RecommendationView(recommendation))
      #expect(view.memoryBytes?.recommended == 16 << 20)
      for name in ["other", "B%00d", "..", "%zz"] {
        #expect(try await server.request("GET", "/v1/handlers/\(name)/statistics").status == 404)
      }
      // This server has no place for settings.
      #expect(try await server.request("POST", "/v1/handlers/noop/recommendation/apply").status == 409)
    }
  }

  @Test("a recommendation that is applied is written once, with nothing but what it changes")
  func apply() async throws {
    let service = FakeJobService()
    let statistics = Statistics(
      handler: "noop", jobClass: nil, build: "ab", isInherited: false, attempts: 30,
      memory: .init(count: 30, median: 1, percentile95: 1 << 20, max: 1 << 20))
    service.change {
      $0.recommendations["noop"] = Recommendation(from: statistics, present: Sample.terms, least: 20)
      $0.recommendations["new"] = Recommendation(from: statistics, present: Sample.terms, least: 40)
    }
    let files = WrittenSettings()
    try await TestServer.with(service, settings: files) { server in
      let view: RecommendationView = try await server.request(
        "POST", "/v1/handlers/noop/recommendation/apply"
      ).decoded()
      #expect(view.appliedTo == "/p/noop.yaml")
      #expect(files.all == [.init(handler: "noop", wishes: Wishes(memory: .mebibytes(16)))])
      let nothing: RecommendationView = try await server.request(
        "POST", "/v1/handlers/new/recommendation/apply"
      ).decoded()
      #expect(nothing.appliedTo == nil)
      #expect(files.all.count == 1)
    }
  }

  /// Notes what is written.
  private final class WrittenSettings: SettingsFiles {
    struct Writing: Equatable {
      var handler: String
      var wishes: Wishes
    }

    private let writings = Mutex<[Writing]>([])

    var all: [Writing] { writings.withLock { $0 } }

    func write(_ wishes: Wishes, for handler: String) async throws -> String {
      writings.withLock { $0.append(Writing(handler: handler, wishes: wishes)) }
      return "/p/\(handler).yaml"
    }
  }
}
