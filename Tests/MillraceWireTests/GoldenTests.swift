import FoundationEssentials
import MillraceCore
import MillraceWire
import Testing
import TestSupport

/// What crosses the process boundary, byte for byte: these texts are a promise to other programs.
struct GoldenTests {
  private func json(_ value: some Encodable) throws -> String {
    String(decoding: try Wire.encoder().encode(value), as: UTF8.self)
  }

  private func check<Value: Codable & Equatable>(_ value: Value, _ text: String) throws {
    #expect(try json(value) == text)
    #expect(try Wire.decoder().decode(Value.self, from: Data(text.utf8)) == value)
  }

  private static let limits = #"{"cpu_millis":1000,"io":[],"memory_bytes":67108864,"pids":32}"#

  private func job(_ change: (inout Job) -> Void = { _ in }) -> Job {
    var job = Job(id: JobID(42), submission: Sample.plain(), submitted: Sample.time(0), state: .queued)
    change(&job)
    return job
  }

  private static let plainJob =
    #"{"attempts":0,"attempts_used":0,"handler":"noop","id":42,"labels":{},"limits":\#(limits),"#
    + #""max_attempts":3,"#
    + #""parameters":{},"priority":5,"state":"queued","submitted":"2026-01-01T00:00:00.000Z","#
    + #""timeout_seconds":60}"#

  @Test("a plain job: what is not there is left out")
  func plainJob() throws { try check(JobView(job()), Self.plainJob) }

  @Test("a job with everything")
  func fullJob() throws {
    var submission = Sample.full()
    submission.labels = ["some.Key": "v", "snake_key": "x", "camelKey": "y"]
    submission.parameters = .object([
      "camelKey": .integer(1), "snake_key": .array([.null, .bool(true), .number(1.5), .string("a/b")]),
    ])
    let job = job {
      $0.submission = submission
      $0.inputLength = Bytes(11)
      $0.state = .succeeded
      $0.notBefore = Sample.time(1)
      $0.ended = Sample.time(2)
      $0.attempts = 3
      $0.attemptsUsed = 2
    }
    try check(
      JobView(job),
      #"{"attempts":3,"attempts_used":2,"class":"large","ended":"2026-01-01T00:00:02.000Z","#
        + #""handler":"resize","id":42,"#
        + #""input_bytes":11,"labels":{"camelKey":"y","snake_key":"x","some.Key":"v"},"#
        + #""limits":{"cpu_millis":11,"io":["#
        + #"{"device":"8:0","read_bytes_per_second":1},{"device":"8:16","write_bytes_per_second":2}],"#
        + #""memory_bytes":10,"pids":12},"max_attempts":15,"not_before":"2026-01-01T00:00:01.000Z","#
        + #""parameters":{"camelKey":1,"snake_key":[null,true,1.5,"a/b"]},"priority":10,"state":"succeeded","#
        + #""submitted":"2026-01-01T00:00:00.000Z","timeout_seconds":13}"#)
  }

  @Test("a page of jobs, and the last one")
  func jobPage() throws {
    try check(JobPage(jobs: [JobView(job())], next: JobID(41)), #"{"jobs":[\#(Self.plainJob)],"next":41}"#)
    try check(JobPage(jobs: [], next: nil), #"{"jobs":[]}"#)
  }

  @Test("all that is known of a job")
  func jobDetail() throws {
    try check(
      JobDetail(job: JobView(job()), attempts: []), #"{"attempts":[],"gates":[],"job":\#(Self.plainJob)}"#)
    try check(
      JobDetail(
        job: JobView(job()), attempts: [], progress: ProgressView(fraction: 0.5, message: "half"),
        gates: [GateView(GateVerdict(gate: .runner, isOpen: true))], workingSetBytes: 7, cpuSeconds: 0.25),
      #"{"attempts":[],"cpu_seconds":0.25,"#
        + #""gates":[{"gate":"runner","open":true,"reason":"the runner takes jobs"}],"#
        + #""job":\#(Self.plainJob),"progress":{"fraction":0.5,"message":"half"},"working_set_bytes":7}"#)
  }

  private static let admission =
    #"{"backfill":true,"basis":{"attempts":17,"kind":"percentile95"},"#
    + #""capacity":{"committed_bytes":15,"cpu_millis":16,"memory_bytes":7,"slots":14},"#
    + #""demand":{"committed_bytes":10,"cpu_millis":11,"memory_bytes":5,"slots":1},"#
    + #""held_by":{"capacity":20,"gate":"rate","need":18,"open":false,"#
    + #""opens_at":"2026-01-01T00:00:21.000Z","reason":"5/min is used up","remedy":"time alone","#
    + #""subject":"5/min","used":19},"pressure":"warning","queued":9,"#
    + #""used":{"committed_bytes":12,"cpu_millis":13,"memory_bytes":6,"slots":8}}"#

  private static let startingAttempt =
    #"{"admission":\#(admission),"#
    + #""attempt":1,"handler":"noop","id":"42.1","job":42,"limits":{"cpu_millis":2,"io":[{"device":"8:0","#
    + #""write_bytes_per_second":4}],"memory_bytes":1,"pids":3},"plugin":"tools","plugin_sha256":"\#(sha)","#
    + #""plugin_version":"1.0","queued":"2026-01-01T00:00:10.000Z","#
    + #""starting":"2026-01-01T00:00:11.000Z","usage":{}}"#

  private static let sha = String(repeating: "f", count: 64)

  @Test("an attempt that starts")
  func starting() throws { try check(AttemptView(Sample.attempt(JobID(42))), Self.startingAttempt) }

  @Test("an attempt with everything, in a row of the history")
  func ended() throws {
    var attempt = Sample.attempt(JobID(42), 2)
    attempt.started = Sample.time(12)
    attempt.frozenTime = .seconds(2)
    attempt.frozenSince = Sample.time(19)
    attempt.end = Sample.fullEnd(.oomOwnLimit, at: 20)
    let row = HistoryRow(
      attempt: attempt, jobState: .failed, priority: .default, jobClass: "large", labels: ["some.Key": "v"])
    try check(
      HistoryPage(attempts: [AttemptView(row)], next: "5_42.2"),
      #"{"attempts":[{"admission":\#(Self.admission),"#
        + #""attempt":2,"class":"large","ended":"2026-01-01T00:00:20.000Z","exit_code":7,"#
        + #""failure":{"#
        + #""code":"bad-picture","is_retryable":true,"message":"it is no picture"},"#
        + #""frozen_seconds":2,"frozen_since":"2026-01-01T00:00:19.000Z","handler":"noop","#
        + #""id":"42.2","job":42,"#
        + #""labels":{"some.Key":"v"},"limits":{"cpu_millis":2,"io":[{"device":"8:0","#
        + #""write_bytes_per_second":4}],"#
        + #""memory_bytes":1,"pids":3},"outcome":"oomOwnLimit","plugin":"tools","#
        + #""plugin_sha256":"\#(Self.sha)","#
        + #""plugin_version":"1.0","priority":5,"queued":"2026-01-01T00:00:10.000Z","run_seconds":8,"#
        + #""started":"2026-01-01T00:00:12.000Z","starting":"2026-01-01T00:00:11.000Z","state":"failed","#
        + #""usage":{"#
        + #""cpu_system_seconds":3e-06,"cpu_user_seconds":2e-06,"forks_refused":9,"io_read_bytes":5,"#
        + #""io_written_bytes":6,"memory_peak_bytes":1,"oom_kills":8,"pids_peak":7,"#
        + #""seconds_to_peak":1e-05,"#
        + #""throttled_seconds":4e-06},"#
        + #""wait_seconds":2}],"next":"5_42.2"}"#)
  }

  @Test("an attempt that a signal ended before it started")
  func signalled() throws {
    var attempt = Sample.attempt(JobID(42))
    attempt.end = AttemptEnd(outcome: .lost, ended: Sample.time(13), exit: .signalled(signal: 9))
    let view = AttemptView(attempt)
    #expect(view.signal == 9)
    #expect(view.exitCode == nil)
    #expect(view.waitSeconds == 3)
    #expect(view.runSeconds == nil)
    try check(HistoryPage(attempts: [], next: nil), #"{"attempts":[]}"#)
  }

  @Test("the figures of a handler")
  func summary() throws {
    try check(
      SummaryView(
        HandlerSummary(
          handler: "noop", attempts: 3, succeeded: 1, outcomes: [.succeeded: 1, .oomOwnLimit: 2],
          memoryP95: Bytes(1), memoryMax: Bytes(2), durationP50: .seconds(3), durationP95: .seconds(4),
          waitP50: .milliseconds(500), cpuTotal: .seconds(6))),
      #"{"attempts":3,"cpu_total_seconds":6,"handler":"noop","memory_max_bytes":2,"memory_p95_bytes":1,"#
        + #""outcomes":{"oomOwnLimit":2,"succeeded":1},"run_p50_seconds":3,"run_p95_seconds":4,"#
        + #""succeeded":1,"#
        + #""wait_p50_seconds":0.5}"#)
  }

  @Test("the handlers in use and the files refused")
  func handlers() throws {
    let full = Handler(
      name: "echo", summary: "Echoes", parameterSchema: .object(["additionalProperties": .bool(false)]),
      wishes: Wishes(memory: Bytes(1), cpuMillis: 2, pids: 3, timeout: .milliseconds(4500), maxAttempts: 5),
      concurrency: 6)
    let plugin = Sample.plugin("tools", handlers: [full, Handler(name: "bare", summary: "")])
    try check(
      HandlersView(
        plugins: [PluginView(plugin)], refused: [RefusedPlugin(path: "/p/libx.so", reason: "no plugin")]),
      #"{"plugins":[{"handlers":[{"concurrency":6,"cpu_millis":2,"max_attempts":5,"memory_bytes":1,"#
        + #""name":"echo","#
        + #""parameter_schema":{"additionalProperties":false},"pids":3,"summary":"Echoes","#
        + #""timeout_seconds":4.5},"#
        + #"{"name":"bare","summary":""}],"name":"tools","path":"/usr/lib/millrace/libtools.so","#
        + #""sha256":"\#(String(repeating: "a", count: 64))","version":"1.2.a"}],"#
        + #""refused":[{"path":"/p/libx.so","reason":"no plugin"}]}"#)
  }

  @Test("a request with nothing but its handler, and one with everything")
  func submit() throws {
    try check(SubmitRequest(handler: "noop"), #"{"handler":"noop"}"#)
    var request = SubmitRequest(handler: "resize")
    request.parameters = ["camelKey": .integer(1)]
    request.arguments = [JobRequest.Argument(name: "width", value: "64")]
    request.input = Data("in\0".utf8)
    request.memoryBytes = 1
    request.cpuMillis = 2
    request.pids = 3
    request.io = [IOLimit(device: "8:0", readBytesPerSecond: 4)]
    request.timeoutSeconds = 5.5
    request.graceSeconds = 6
    request.maxAttempts = 7
    request.retryDelaySeconds = 8
    request.priority = 9
    request.jobClass = "large"
    request.labels = ["some.Key": "v", "snake_key": "x"]
    request.notBefore = "2026-11-21T04:20:00Z"
    request.traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    try check(
      BatchRequest(jobs: [request]),
      #"{"jobs":[{"arguments":[{"name":"width","value":"64"}],"class":"large","cpu_millis":2,"#
        + #""grace_seconds":6,"#
        + #""handler":"resize","input":"aW4A","io":[{"device":"8:0","read_bytes_per_second":4}],"#
        + #""labels":{"snake_key":"x","some.Key":"v"},"max_attempts":7,"memory_bytes":1,"#
        + #""not_before":"2026-11-21T04:20:00Z","parameters":{"camelKey":1},"pids":3,"priority":9,"#
        + #""retry_delay_seconds":8,"timeout_seconds":5.5,"#
        + #""trace_parent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}]}"#)
    try check(BatchAnswer(ids: [JobID(1), JobID(2)]), #"{"ids":[1,2]}"#)
  }

  @Test("a problem")
  func problem() throws {
    try check(
      Problem(Refusal(.queueFull, "no room", hint: "try later", index: 3)),
      #"{"detail":"no room","hint":"try later","index":3,"status":503,"title":"queue full","#
        + #""type":"urn:millrace:queueFull"}"#)
    try check(
      Problem(type: "about:blank", title: "t", status: 500, detail: "d"),
      #"{"detail":"d","status":500,"title":"t","type":"about:blank"}"#)
  }

  @Test("pretty JSON says the same")
  func pretty() throws {
    let text = String(
      decoding: try Wire.encoder(pretty: true).encode(BatchAnswer(ids: [JobID(1)])), as: UTF8.self)
    #expect(text == "{\n  \"ids\" : [\n    1\n  ]\n}")
  }

  @Test(
    "a label that is named like a member stays as it is",
    arguments: ["notBefore", "not_before", "_x_", "A__b", ""])
  func labelKeys(_ key: String) throws {
    var request = SubmitRequest(handler: "h")
    request.labels = [key: "v"]
    request.parameters = [key: .object([key: .array([.object([key: .null])])])]
    let data = try Wire.encoder().encode(request)
    #expect(try Wire.decoder().decode(SubmitRequest.self, from: data) == request)
    #expect(String(decoding: data, as: UTF8.self).contains(#""labels":{"\#(key)":"v"}"#))
  }

  @Test(
    "numbers keep what they are",
    arguments: [
      ("9223372036854775807", JSONValue.integer(.max)), ("-9223372036854775808", .integer(.min)),
      ("0", .integer(0)),
      ("1.5", .number(1.5)), ("1e300", .number(1e300)), ("9223372036854775808", .number(9223372036854775808)),
    ])
  func numbers(_ text: String, _ value: JSONValue) throws {
    let decoded = try Wire.decoder().decode([JSONValue].self, from: Data("[\(text)]".utf8))
    #expect(decoded == [value])
    let again = try Wire.decoder().decode([JSONValue].self, from: try Wire.encoder().encode(decoded))
    #expect(again == decoded)
  }
}
