import FoundationEssentials
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("Why, dry runs, priorities and what was learned")
struct WhyTests {
  /// Starts a server that has an answer for each method and path.
  private func server(_ answers: [String: ScriptedServer.Step]) throws -> ScriptedServer {
    try ScriptedServer { request in
      [
        answers["\(request.method) \(request.target)"]
          ?? .problem(404, kind: "notFound", "no \(request.target)")
      ]
    }
  }

  private static let gates = """
      open    runner  the runner takes jobs
      closed  memory  needs 3 MiB of memory, 2 MiB of 4 MiB is free; opened by 1 MiB more
      closed  rate    5/min is used up; opened by time alone (2026-11-21 04:22:00)

    jobs ahead       2
    expected         3 MiB (the most of 5 runs), 0.25 CPU, at most 6 s (declared)
    """

  @Test("why shows every gate of a waiting job with its numbers, and when it will start")
  func waiting() throws {
    let job = Answers.job(state: "queued", attempts: 0, ended: false)
    let body =
      "{\"job\":\(job),\"explanation\":\(Answers.explanation),"
      + "\"forecast\":{\"start\":\"2000-01-01T00:00:00.000Z\",\"basis\":\"if all goes well\"}}"
    let server = try server(["GET /v1/jobs/42/why": .answer(200, body)])
    let outcome = try Program.millrace("why", "42", "--socket", server.socket)
    #expect(
      outcome.out == """
        job 42 (exec) is queued, priority 5

        \(Self.gates)
        predicted start  now, if all goes well

        """)
    let csv = try Program.millrace("why", "42", "-o", "csv", "--socket", server.socket).out
    #expect(csv.hasPrefix("gate,open,need,used,capacity,opens_at,subject,reason,remedy\nrunner,true,,,,,,"))
    let json = try Program.millrace("why", "42", "-o", "json", "--socket", server.socket).out
    let view = try Wire.decoder().decode(WhyView.self, from: Data(json.utf8))
    #expect(view.explanation?.gates.map(\.isOpen) == [true, false, false])
    #expect(try Program.millrace("why", "43", "--socket", server.socket).code == 4)
    #expect(try Program.millrace("why", "x", "--socket", server.socket).code == 2)
  }

  @Test("why of a job that has started is what admission knew then")
  func started() throws {
    let body = "{\"job\":\(Answers.job()),\"attempt\":\(Answers.attempt("succeeded"))}"
    let never = "{\"job\":\(Answers.job(43, state: "cancelled", attempts: 0))}"
    let server = try server([
      "GET /v1/jobs/42/why": .answer(200, body), "GET /v1/jobs/43/why": .answer(200, never),
    ])
    #expect(
      try Program.millrace("why", "42", "--socket", server.socket).out == """
        job 42 (exec) is succeeded

        attempt       42.1
        waited        1.5 s
        queued        2026-11-21 04:20:00
        admitted      2026-11-21 04:20:01
        held by       slots: 4 of 4 slots are taken
        order         backfill: before jobs that rank before it, without delaying them
        expected      1 MiB (p95 of 21 runs), 0.5 CPU
        in use then   0 of 4 slots, 0 B of 1 GiB, 0 of 2 CPU
        waiting then  1
        pressure      none
        became        succeeded

        """)
    #expect(
      try Program.millrace("why", "43", "--socket", server.socket).out
        == "job 43 (exec) is cancelled: it never started\n")
  }

  @Test("a dry run shows the same for a job that is not submitted, and exits like submit")
  func dryRun() throws {
    let body =
      "{\"handler\":\"exec\",\"priority\":7,\"parameters\":{},\"max_attempts\":1,\"timeout_seconds\":30,"
      + "\"limits\":{\"memory_bytes\":67108864,\"cpu_millis\":500,\"pids\":64,\"io\":[]},"
      + "\"explanation\":\(Answers.explanation),\"forecast\":{\"basis\":\"nobody knows\"}}"
    let server = try server(["POST /v1/jobs/rehearse": .answer(200, body)])
    let submit = try Program.millrace(
      "submit", "exec", "--priority", "7", "--dry-run", "--socket", server.socket)
    #expect(
      submit.out == """
        a job of exec, priority 7, 64 MiB, 0.5 CPU, 64 pids, 30 s: it would wait

        \(Self.gates)
        predicted start  unknown: nobody knows

        """)
    #expect(submit.code == 0)
    #expect(try Program.millrace("run", "exec", "--dry-run", "--socket", server.socket).out == submit.out)
    #expect(server.requests.map(\.target) == ["/v1/jobs/rehearse", "/v1/jobs/rehearse"])
    let never = try self.server([
      "POST /v1/jobs/rehearse": .problem(422, kind: "neverAdmissible", "too big", hint: "64M fits")
    ])
    #expect(
      try Program.millrace("submit", "exec", "--dry-run", "--socket", never.socket)
        == .init(code: 4, out: "", error: "error: too big\n\nhint: 64M fits\n"))
    #expect(try Program.millrace("submit", "--batch", "-", "--dry-run").code == 2)
  }

  @Test("reprioritise tries each job and tells the first that could not be changed")
  func reprioritise() throws {
    let server = try server([
      "POST /v1/jobs/1/reprioritise": .answer(200, Answers.job(1, state: "queued")),
      "POST /v1/jobs/2/reprioritise": .problem(409, kind: "conflict", "job 2 has ended"),
    ])
    let outcome = try Program.millrace(
      "reprioritise", "2", "1", "--priority", "9", "-o", "ids", "--socket", server.socket)
    #expect(outcome == .init(code: 1, out: "1\n", error: "error: job 2 has ended\n"))
    #expect(server.requests.map(\.body) == ["{\"priority\":9}", "{\"priority\":9}"])
    for wrong in ["0", "11", "-1", "nan", "9999999999999999999999"] {
      #expect(try Program.millrace("reprioritise", "1", "--priority=\(wrong)").code == 2)
    }
    #expect(try Program.millrace("reprioritise", "1").code == 2)
  }

  private static let catalog = """
    {"plugins":[{"name":"tools","version":"1.0","sha256":"a","path":"/p/a.so",
    "handlers":[{"name":"noop","summary":""}]}],"refused":[]}
    """

  @Test("stats shows what was learned of handlers, or of one, the fates of schedules, and figures")
  func stats() throws {
    let body = """
      {"window":200,"fates":{"missed-down":1,"ran":40},"figures":[
      {"handler":"measures","name":"load","count":2,"time":"2026-11-30T06:00:00.000Z","last":0.5,"least":0.25,
      "mean":0.375,"largest":0.5}],"handlers":[
      {"handler":"noop","build_sha256":"0123456789abcdef","inherited":true,"attempts":21,
      "memory_bytes":{"count":21,"p50":1048576,"p95":2097152,"max":3145728},
      "cpu_millis":{"count":21,"p50":100,"p95":250,"max":500},
      "run_seconds":{"count":21,"p50":1,"p95":2.5,"max":3},
      "seconds_to_peak":{"count":21,"p50":0.5,"p95":1,"max":2}}]}
      """
    let server = try server([
      "GET /v1/statistics": .answer(200, body), "GET /v1/statistics?handler=noop": .answer(200, body),
    ])
    let all = try Program.millrace("stats", "--socket", server.socket)
    #expect(all.out.contains("HANDLER  CLASS  RUNS  MEMORY P95  MEMORY MAX  CPU P95  RUN P50  RUN P95"))
    #expect(all.out.contains("noop     (all)    21       2 MiB       3 MiB     0.25      1 s    2.5 s"))
    #expect(all.out.contains("0123456789ab (inherited by a newer one)"))
    #expect(all.out.contains("\n\nFATE         TIMES\nran             40\nmissed-down      1\n\n"))
    #expect(all.out.contains("HANDLER   FIGURE  LAST  LEAST   MEAN  LARGEST  RESULTS  TIME"))
    #expect(all.out.contains("measures  load     0.5   0.25  0.375      0.5        2  2026-11-30"))
    let json = try Program.millrace("stats", "-o", "json", "--socket", server.socket).out
    let page = try Wire.decoder().decode(StatisticsPage.self, from: Data(json.utf8))
    #expect(page.fates == ["ran": 40, "missed-down": 1] && page.window == 200)
    #expect(try Program.millrace("stats", "-o", "ids", "--socket", server.socket).out == "noop\n")
    #expect(try Program.millrace("stats", "noop", "--socket", server.socket).out == all.out)
    #expect(try Program.millrace("stats", "nope", "--socket", server.socket).code == 4)
  }

  @Test("recommend prints limits with their evidence, or how much is missing")
  func recommend() throws {
    let change =
      "\"memory_bytes\":{\"present\":2147483648,\"recommended\":83886080,"
      + "\"evidence\":\"p95 peak 61 MiB, most 64 MiB over 184 runs\"}"
    let view = "\"handler\":\"noop\",\"attempts\":184,\"least_attempts\":20"
    let server = try server([
      "GET /v1/handlers": .answer(200, Self.catalog),
      "GET /v1/handlers/noop/recommendation": .answer(200, "{\(view),\(change)}"),
      "GET /v1/handlers/fits/recommendation": .answer(200, "{\(view)}"),
      "GET /v1/handlers/new/recommendation": .answer(
        200, "{\"handler\":\"new\",\"attempts\":1,\"least_attempts\":20}"),
      "POST /v1/handlers/noop/recommendation/apply": .answer(
        200, "{\(view),\(change),\"applied_to\":\"/p/a.yaml\"}"),
    ])
    let line =
      "noop  memory limit 2 GiB → 80 MiB (p95 peak 61 MiB, most 64 MiB over 184 runs)\n"
    #expect(try Program.millrace("recommend", "--socket", server.socket).out == line)
    #expect(
      try Program.millrace("recommend", "noop", "--apply", "--socket", server.socket).out
        == line + "noop  written to /p/a.yaml\n")
    #expect(
      try Program.millrace("recommend", "fits", "--socket", server.socket).out
        == "noop  its limits fit (184 runs)\n")
    #expect(
      try Program.millrace("recommend", "new", "--socket", server.socket).out
        == "new  too little is known: 1 run, 20 are needed\n")
    #expect(
      try Program.millrace("recommend", "noop", "-o", "csv", "--socket", server.socket).out
        == "handler,limit,present,recommended,evidence\nnoop,memory limit,2147483648.0,83886080.0,"
        + "\"p95 peak 61 MiB, most 64 MiB over 184 runs\"\n")
    #expect(try Program.millrace("recommend", "--apply").code == 2)
  }
}
