import FoundationEssentials
import MillraceCore
import MillraceWire
import Testing
import TestSupport

/// What `why`, the health report and the learned figures look like to other programs, byte for byte.
struct WhyGoldenTests {
  private func check<Value: Codable & Equatable>(_ value: Value, _ text: String) throws {
    #expect(String(decoding: try Wire.encoder().encode(value), as: UTF8.self) == text)
    #expect(try Wire.decoder().decode(Value.self, from: Data(text.utf8)) == value)
  }

  private static let explanation = Explanation(
    gates: [
      GateVerdict(
        gate: .memory, isOpen: false, need: 3 << 20, used: 2 << 20, capacity: 4 << 20,
        opensAt: Sample.time(9))
    ],
    ahead: 2,
    estimate: Estimate(
      memory: .mebibytes(3), cpuMillis: 250, expectedRun: .milliseconds(1500), runBound: .seconds(6),
      settling: .seconds(7), memoryBasis: .maximum(of: 5), runBasis: .declared))

  private static let explanationText =
    #"{"ahead":2,"estimate":{"cpu_millis":250,"longest_run_seconds":6,"#
    + #""memory_basis":{"attempts":5,"kind":"maximum"},"memory_bytes":3145728,"#
    + #""run_basis":{"kind":"declared"},"run_seconds":1.5},"#
    + #""gates":[{"capacity":4194304,"gate":"memory","need":3145728,"open":false,"#
    + #""opens_at":"2026-01-01T00:00:09.000Z","#
    + #""reason":"needs 3 MiB of memory, 2 MiB of 4 MiB is free","#
    + #""remedy":"1 MiB more, by the end of attempts or a larger `capacity.memory`","used":2097152}]}"#

  @Test("why a job waits")
  func why() throws {
    let job = Job(id: JobID(42), submission: Sample.plain(), submitted: Sample.time(0), state: .queued)
    let view = WhyView(
      job: JobView(job), explanation: ExplanationView(Self.explanation),
      forecast: ForecastView(Forecast(start: Sample.time(3), basis: "so")))
    let jobText = String(decoding: try Wire.encoder().encode(JobView(job)), as: UTF8.self)
    try check(
      view,
      #"{"explanation":\#(Self.explanationText),"#
        + #""forecast":{"basis":"so","start":"2026-01-01T00:00:03.000Z"},"#
        + #""job":\#(jobText)}"#)
    try check(WhyView(job: JobView(job)), #"{"job":\#(jobText)}"#)
  }

  @Test("what would become of a request")
  func rehearsal() throws {
    let view = RehearsalView(
      Sample.plain(), Self.explanation, Forecast(start: nil, basis: "nobody knows"))
    try check(
      view,
      #"{"explanation":\#(Self.explanationText),"forecast":{"basis":"nobody knows"},"handler":"noop","#
        + #""limits":{"cpu_millis":1000,"io":[],"memory_bytes":67108864,"pids":32},"max_attempts":3,"#
        + #""parameters":{},"priority":5,"timeout_seconds":60}"#)
  }

  @Test("the runner's state")
  func status() throws {
    let view = StatusView(
      version: "0.1.0", pid: 1, started: "2026-01-01T00:00:00.000Z", healthy: false, draining: true,
      queued: 2,
      scheduled: 3, running: 4,
      capacity: Resources(slots: 5, memory: Bytes(6), committed: Bytes(7), cpuMillis: 8),
      used: Resources(slots: 4, memory: Bytes(4), committed: Bytes(9), cpuMillis: 2), pressure: .critical,
      pressureCause: "critical: so",
      machine: MachineView(
        MachineSample(
          treeMemory: Bytes(10), memoryTotal: Bytes(11), memoryAvailable: Bytes(12), memoryStall: 1.5,
          load: 0.25)),
      notices: [NoticeView(time: Sample.time(1), text: "look")])
    try check(
      view,
      #"{"available":{"committed_bytes":0,"cpu_millis":6,"memory_bytes":2,"slots":1},"#
        + #""capacity":{"committed_bytes":7,"cpu_millis":8,"memory_bytes":6,"slots":5},"#
        + #""draining":true,"healthy":false,"machine":{"load":0.25,"memory_available_bytes":12,"#
        + #""memory_stall_percent":1.5,"memory_total_bytes":11,"tree_memory_bytes":10},"#
        + #""notices":[{"text":"look","time":"2026-01-01T00:00:01.000Z"}],"pid":1,"#
        + #""pressure":"critical","pressure_cause":"critical: so","queued":2,"running":4,"scheduled":3,"#
        + #""started":"2026-01-01T00:00:00.000Z","#
        + #""used":{"committed_bytes":9,"cpu_millis":2,"memory_bytes":4,"slots":4},"version":"0.1.0"}"#)
    #expect(StatusView(version: "", pid: 1, started: "", capacity: .init(), used: .init()).pressure == "none")
  }

  @Test("what was learned of a kind of job")
  func statistics() throws {
    let view = StatisticsView(
      Statistics(
        handler: "noop", jobClass: "large", build: "ab", isInherited: true, attempts: 3,
        memory: .init(count: 3, median: 1, percentile95: 2, max: 3),
        duration: .init(count: 3, median: 500_000, percentile95: 1_500_000, max: 2_000_000)))
    try check(
      view,
      #"{"attempts":3,"build_sha256":"ab","class":"large","handler":"noop","inherited":true,"#
        + #""memory_bytes":{"count":3,"max":3,"p50":1,"p95":2},"#
        + #""run_seconds":{"count":3,"max":2,"p50":0.5,"p95":1.5}}"#)
  }

  @Test("what was learned of handlers, and the fates of the times of schedules")
  func statisticsPage() throws {
    let view = StatisticsView(
      Statistics(handler: "noop", jobClass: nil, build: "ab", isInherited: false, attempts: 0))
    try check(
      StatisticsPage(
        handlers: [view], fates: [.ran: 4, .skippedOverlap: 16, .missedDown: 1],
        figures: [
          ReportedFigure(
            handler: "metrics.collect", name: "load_1m", count: 2, time: Sample.time(0), last: 1, least: 0.5,
            mean: 0.75, largest: 1)
        ], window: 200),
      #"{"fates":{"missed-down":1,"ran":4,"skipped-overlap":16},"#
        + #""figures":[{"count":2,"handler":"metrics.collect","largest":1,"last":1,"least":0.5,"#
        + #""mean":0.75,"name":"load_1m","time":"\#(Wire.text(of: Sample.time(0)))"}],"#
        + #""handlers":[{"attempts":0,"build_sha256":"ab","handler":"noop","inherited":false}],"#
        + #""window":200}"#)
  }

  @Test("limits that would fit")
  func recommendation() throws {
    let peaks = Statistics.Figures(
      count: 184, median: 60 << 20, percentile95: 61 << 20, max: 64 << 20)
    let statistics = Statistics(
      handler: "noop", jobClass: nil, build: "ab", isInherited: false, attempts: 184, memory: peaks)
    var terms = Sample.terms
    terms.limits.memory = .gibibytes(2)
    let recommendation = Recommendation(
      from: statistics, present: terms, least: 20,
      machine: Limits(memory: .gibibytes(8), cpuMillis: 8000, pids: 1000))
    try check(
      RecommendationView(recommendation, appliedTo: "/p/libnoop.yaml"),
      #"{"applied_to":"/p/libnoop.yaml","attempts":184,"handler":"noop","least_attempts":20,"#
        + #""memory_bytes":{"evidence":"p95 peak 61 MiB, most 64 MiB over 184 runs","present":2147483648,"#
        + #""recommended":83886080}}"#)
  }

  @Test("another priority")
  func priority() throws { try check(ReprioritiseRequest(priority: 7), #"{"priority":7}"#) }
}
