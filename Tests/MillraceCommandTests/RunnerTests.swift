import FoundationEssentials
import Glibc
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("The program with a runner")
struct RunnerTests {
  /// Starts a server that has an answer for each method and path.
  private func server(_ answers: [String: ScriptedServer.Step]) throws -> ScriptedServer {
    try ScriptedServer { request in
      [
        answers["\(request.method) \(request.target)"]
          ?? .problem(404, kind: "notFound", "no \(request.target)")
      ]
    }
  }

  @Test("submit sends what was asked and prints the number")
  func submit() throws {
    let server = try server(["POST /v1/jobs": .answer(201, Answers.job(state: "queued", attempts: 0))])
    let outcome = try Program.millrace(
      "submit", "--socket", server.socket, "exec", "n:=1", "--input", "-", "--memory", "1M", "--", "ls", "-l",
      input: "hi")
    #expect(outcome == .init(code: 0, out: "42\n", error: ""))
    #expect(
      server.requests.map(\.body) == [
        "{\"arguments\":[{\"name\":\"command\",\"value\":\"ls\"},{\"name\":\"command\",\"value\":\"-l\"}],"
          + "\"handler\":\"exec\",\"input\":\"aGk=\",\"memory_bytes\":1048576,\"parameters\":{\"n\":1}}"
      ])
  }

  @Test("submit --wait exits with 1 if the job did not succeed, --follow shows its log")
  func submitAndWait() throws {
    let server = try server([
      "POST /v1/jobs": .answer(201, Answers.job(state: "queued", attempts: 0)),
      "GET /v1/jobs/42/wait?timeout=60": .answer(200, Answers.job(state: "failed")),
      "GET /v1/jobs/42/wait?timeout=0": .answer(200, Answers.job(state: "succeeded")),
      "GET /v1/jobs/42": .answer(
        200, Answers.detail(Answers.job(state: "failed"), Answers.attempt("crashed", "\"signal\":11,"))),
      "GET /v1/jobs/42/logs?attempt=1&follow=true": .answer(200, "hello\n", type: "text/plain"),
    ])
    let waited = try Program.millrace("submit", "noop", "--wait", "--socket", server.socket)
    #expect(
      waited
        == .init(
          code: 1, out: "42\n", error: "millrace: job 42: crashed by SIGSEGV (segmentation fault)\n"))
    let followed = try Program.millrace("submit", "noop", "--follow", "--socket", server.socket)
    #expect(followed == .init(code: 0, out: "hello\n", error: "millrace: job 42\n"))
  }

  @Test("prune shows what goes by state, and wants a yes where more is asked than is configured")
  func prune() throws {
    let server = try server([
      "POST /v1/prune": .answer(
        200,
        #"{"audit":3,"build_bytes":0,"builds":0,"can_vacuum":true,"database_bytes":1048576,"dry_run":true,"#
          + #""events":40,"#
          + #""free_bytes":4096,"jobs":[{"attempts":3,"jobs":2,"payload_bytes":5,"state":"failed"}],"#
          + #""log_bytes":8192,"log_files":2,"logs_bytes":0,"over_bytes":0,"payload_bytes":0,"#
          + #""ticks":1000,"transitions":7,"vacuumed_bytes":0}"#)
    ])
    let refused = try Program.millrace("prune", "--older-than", "7d", "--socket", server.socket)
    #expect(refused.code == 2 && refused.error.contains("--dry-run"))
    #expect(server.requests.isEmpty)
    let shown = try Program.millrace(
      "prune", "--older-than", "7d", "--state", "failed", "--dry-run", "--socket", server.socket)
    #expect(
      shown
        == .init(
          code: 0,
          out: """
            STATE   JOBS  ATTEMPTS  PAYLOADS
            failed     2         3       5 B

            logs              2, 8 KiB
            schedule times    1000
            events            40
            told commits      7
            audit entries     3
            the record is     1 MiB (database 1 MiB, payload files 0 B, logs 0 B)
            free in its file  4 KiB: the next jobs use it; --vacuum gives it back

            """, error: ""))
    #expect(
      server.requests.map(\.body) == [
        #"{"dry_run":true,"older_than_seconds":604800,"states":["failed"],"vacuum":false}"#
      ])
  }

  @Test("backup makes a path absolute, and shows what the copy holds")
  func backup() throws {
    let server = try server([
      "POST /v1/backup": .answer(
        201, #"{"database_bytes":4096,"directory":"/b","payload_bytes":0,"payload_files":0}"#)
    ])
    let outcome = try Program.millrace("backup", "b", "-o", "ids", "--socket", server.socket)
    #expect(outcome == .init(code: 0, out: "/b\n", error: ""))
    let body = server.requests.first?.body ?? ""
    #expect(body.hasPrefix(#"{"directory":"/"#) && body.hasSuffix(#"/b"}"#))
  }

  @Test("a batch is sent as one, and its mistake is told with its line")
  func batch() throws {
    let good = try server(["POST /v1/jobs/batch": .answer(201, "{\"ids\":[1,2]}")])
    let lines = "# two\nnoop a=1\n{\"handler\":\"noop\"}\n"
    let outcome = try Program.millrace(
      "submit", "--batch", "-", "--class", "c", "--socket", good.socket, input: lines)
    #expect(outcome == .init(code: 0, out: "1\n2\n", error: ""))
    #expect(
      good.requests.map(\.body) == [
        "{\"jobs\":[{\"arguments\":[{\"name\":\"a\",\"value\":\"1\"}],\"class\":\"c\",\"handler\":\"noop\"},"
          + "{\"class\":\"c\",\"handler\":\"noop\"}]}"
      ])
    let bad = try ScriptedServer { _ in
      [
        .answer(
          422,
          "{\"type\":\"urn:millrace:neverAdmissible\",\"title\":\"t\",\"status\":422,"
            + "\"detail\":\"too big\",\"index\":1}",
          type: "application/problem+json")
      ]
    }
    let refused = try Program.millrace("submit", "--batch", "-", "--socket", bad.socket, input: lines)
    #expect(refused == .init(code: 4, out: "", error: "error: `-`, line 3: too big\n"))
  }

  @Test("a no of the runner is told with its hint and its code")
  func problems() throws {
    let full = try ScriptedServer { _ in [.problem(503, kind: "queueFull", "the queue is full", hint: "wait")]
    }
    #expect(
      try Program.millrace("submit", "noop", environment: ["MILLRACE_SOCKET": full.socket])
        == .init(code: 75, out: "", error: "error: the queue is full\n\nhint: wait\n"))
    let broken = try ScriptedServer { _ in [.send("what?\r\n\r\n")] }
    let outcome = try Program.millrace("status", "--socket", broken.socket)
    #expect(outcome.code == 125)
    #expect(outcome.error.hasPrefix("error: cannot read the answer to `GET /v1/status`: it is no HTTP/1.1\n"))
  }

  @Test("list shows those first that have not ended")
  func list() throws {
    let unfinished = "state=running&state=starting&state=queued&state=scheduled&state=blocked&limit=50"
    let ended = "state=succeeded&state=failed&state=cancelled&limit=48"
    let queued = Answers.job(7, state: "queued", attempts: 0, ended: false)
    let running = Answers.job(5, state: "running", ended: false)
    let server = try server([
      "GET /v1/jobs?\(unfinished)": .answer(200, "{\"jobs\":[\(queued),\(running)]}"),
      "GET /v1/jobs?\(ended)": .answer(200, "{\"jobs\":[\(Answers.job(6))]}"),
    ])
    let outcome = try Program.millrace("list", "--socket", server.socket)
    #expect(
      outcome.out == """
        JOB  HANDLER  STATE      PRIO  TRIES  SUBMITTED            ENDED
          5  exec     running       5    1/3  2026-11-21 04:20:00  -
          7  exec     queued        5    0/3  2026-11-21 04:20:00  -
          6  exec     succeeded     5    1/3  2026-11-21 04:20:00  2026-11-21 04:21:00

        """)
    #expect(try Program.millrace("list", "-o", "ids", "--socket", server.socket).out == "5\n7\n6\n")
    let csv = try Program.millrace("list", "-o", "csv", "--socket", server.socket).out.split(separator: "\n")
    #expect(
      csv[0] == "id,handler,state,priority,attempts_used,submitted,ended,not_before,memory_bytes,cpu_millis,"
        + "pids,timeout_seconds,held,group,class,labels,parameters,after,workflow,step,place")
    #expect(
      csv[3]
        == "6,exec,succeeded,5,1,2026-11-21T04:20:00.000Z,2026-11-21T04:21:00.000Z,,67108864,500,64,30.0,,,,"
        + "\"team=a,b\",{},,,,local")
  }

  @Test("show tells all about a job and its attempts")
  func show() throws {
    let detail = Answers.detail(Answers.job(state: "failed"), Answers.attempt("oomOwnLimit", "\"signal\":9,"))
    let server = try server(["GET /v1/jobs/42": .answer(200, detail)])
    let outcome = try Program.millrace("show", "42", "--socket", server.socket)
    #expect(
      outcome.out == """
        job        42
        handler    exec
        state      failed
        priority   5
        labels     team=a,b
        limits     64 MiB, 0.5 CPU, 64 pids, 30 s
        attempts   1 of 3 used, 1 started
        submitted  2026-11-21 04:20:00
        ended      2026-11-21 04:21:00

        attempt      42.1
        verdict      killed: passed its memory limit of 64 MiB (peak 64 MiB, 1 oom kill)
        queued       2026-11-21 04:20:00
        started      2026-11-21 04:20:01
        ended        2026-11-21 04:20:04
        waited       1.5 s
        ran          2.5 s
        signal       9
        memory peak  64 MiB
        processor    1.5 s (1.2 s user, 250 ms kernel)
        limits       64 MiB, 0.5 CPU, 64 pids
        admitted     expected 1 MiB (p95 of 21 runs); 0 of 4 slots, 0 B of 1 GiB, 0 of 2 CPU; 1 waiting; \
        backfill; held by slots
        plugin       exec 1.0.0 (0123456789ab)

        """)
    let attempt = try Program.millrace("show", "42.1", "-o", "jsonl", "--socket", server.socket)
    #expect(attempt.out.hasPrefix("{\"admission\":"))
    #expect(try Program.millrace("show", "42.2", "--socket", server.socket).code == 4)
    #expect(try Program.millrace("show", "43", "--socket", server.socket).code == 4)
  }

  @Test("wait tells how its jobs ended: 0, 1, 3 or 124")
  func wait() throws {
    let server = try server([
      "GET /v1/jobs/1/wait?timeout=0": .answer(200, Answers.job(1)),
      "GET /v1/jobs/2/wait?timeout=0": .answer(200, Answers.job(2, state: "failed")),
      "GET /v1/jobs/3/wait?timeout=0": .answer(200, Answers.job(3, state: "running", ended: false)),
    ])
    func wait(_ arguments: String...) throws -> Int32 {
      try Program(["wait", "--socket", server.socket] + arguments, path: Program.path).end().code
    }
    #expect(try wait("1") == 0)
    #expect(try wait("1", "2") == 1)
    #expect(try wait("1", "3", "--no-block") == 3)
    #expect(try wait("3", "--timeout", "0") == 124)
    #expect(try wait("1", "9") == 4)
  }

  @Test("handlers lists them with their refusals, and shows one with its parameters")
  func handlers() throws {
    let view = """
      {"plugins":[{"name":"tools","version":"1.0","sha256":"a","path":"/p/libtools.so","handlers":[
      {"name":"resize","summary":"Makes pictures small.","parameter_schema":{"type":"object",
      "properties":{"max_width":{"type":"integer"}}},"memory_bytes":1048576}]}],
      "refused":[{"path":"/p/bad.so","reason":"it is writable by others"}]}
      """
    let server = try server(["GET /v1/handlers": .answer(200, view)])
    let all = try Program.millrace("handlers", "--socket", server.socket)
    #expect(
      all.out == """
        HANDLER  PLUGIN  VERSION  SUMMARY
        resize   tools   1.0      Makes pictures small.

        """)
    #expect(all.error == "millrace: refused `/p/bad.so`: it is writable by others\n")
    let one = try Program.millrace("handlers", "resize", "--socket", server.socket)
    #expect(one.out.hasSuffix("max_width  integer  no        -        -\n"))
    let none = try Program.millrace("handlers", "rezise", "--socket", server.socket)
    #expect(
      none
        == .init(code: 4, out: "", error: "error: there is no handler `rezise`\n\nhint: there are: resize\n"))
  }

  @Test("cancel tries each job and tells the first that could not be")
  func cancel() throws {
    let server = try server([
      "POST /v1/jobs/1/cancel": .answer(200, Answers.job(1, state: "cancelled")),
      "POST /v1/jobs/2/cancel": .problem(409, kind: "conflict", "job 2 has ended"),
    ])
    let outcome = try Program.millrace("cancel", "2", "1", "-o", "ids", "--socket", server.socket)
    #expect(outcome == .init(code: 1, out: "1\n", error: "error: job 2 has ended\n"))
  }

  @Test("status shows the runner's health")
  func status() throws {
    let server = try server([
      "GET /v1/status": .answer(
        200,
        """
        {"version":"0.1.0","pid":7,"started":"2026-11-21T04:20:00.000Z","healthy":true,"draining":false,
        "queued":1,"scheduled":2,"running":3,"capacity":\(Answers.resources(4, 2_097_152, 2000)),
        "used":\(Answers.resources(3, 1_048_576, 500)),"available":\(Answers.resources(1, 1_048_576, 1500)),
        "pressure":"warning","pressure_cause":"warning: the attempts use 1.7 MiB of 2 MiB",
        "machine":{"load":0.5,"memory_available_bytes":1073741824,"memory_total_bytes":2147483648},
        "notices":[{"time":"2026-11-21T04:21:00.000Z","text":"look"}]}
        """)
    ])
    let outcome = try Program.millrace("status", "--socket", server.socket)
    #expect(
      outcome.out == """
        version      0.1.0
        pid          7
        started      2026-11-21 04:20:00
        healthy      yes
        draining     no
        running      3
        queued       1
        scheduled    2
        slots        3 of 4 in use, 1 free
        memory       1 MiB of 2 MiB in use, 1 MiB free
        limits       1 MiB of 2 MiB in use, 1 MiB free
        cpu          0.5 of 2 in use, 1.5 free
        pressure     warning: the attempts use 1.7 MiB of 2 MiB
        machine has  1 GiB available of 2 GiB
        load         0.5

        notices
          2026-11-21 04:21:00  look

        """)
    let csv = try Program.millrace("status", "-o", "csv", "--socket", server.socket).out
    #expect(csv.contains("used_slots,capacity_slots,available_slots,used_memory_bytes"))
    #expect(csv.contains(",3,4,1,1048576,2097152,1048576,"))
  }

  @Test("status says why the record can't be written, and what helps")
  func trouble() throws {
    let server = try server([
      "GET /v1/status": .answer(
        200,
        """
        {"version":"0.1.0","pid":7,"started":"2026-11-21T04:20:00.000Z","healthy":false,"draining":false,
        "record_trouble":"cannot commit 1 changes in `/s/millrace.db`: disk is full; free some space",
        "queued":1,"scheduled":2,"running":3,"capacity":\(Answers.resources(4, 2_097_152, 2000)),
        "used":\(Answers.resources(3, 1_048_576, 500)),"available":\(Answers.resources(1, 1_048_576, 1500)),
        "pressure":"none","pressure_cause":"there is none","machine":{},"notices":[]}
        """)
    ])
    let lines = try Program.millrace("status", "--socket", server.socket).out.split(separator: "\n")
    #expect(
      lines.filter { $0.hasPrefix("healthy") || $0.hasPrefix("record") } == [
        "healthy    no: jobs are not taken or not started",
        "record     cannot commit 1 changes in `/s/millrace.db`: disk is full; free some space",
      ])
  }

  @Test("a result comes as its bytes; one that is not there yet is 3, none is 4")
  func result() throws {
    let server = try server([
      "GET /v1/jobs/1/result": .answer(200, "{\"a\":1}", type: "application/json"),
      "GET /v1/jobs/2/result": .problem(409, kind: "conflict", "job 2 is running"),
    ])
    #expect(
      try Program.millrace("result", "1", "--socket", server.socket)
        == .init(code: 0, out: "{\"a\":1}", error: ""))
    #expect(try Program.millrace("result", "2", "--socket", server.socket).code == 3)
    #expect(try Program.millrace("result", "3", "--socket", server.socket).code == 4)
  }

  @Test("a reader that goes away is a quiet end")
  func brokenPipe() throws {
    let server = try ScriptedServer { _ in
      [.answer(200, String(repeating: "x\n", count: 1 << 20), type: "text/plain")]
    }
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    let program = try Program(["logs", "1", "--socket", server.socket], path: Program.path, output: ends[1])
    close(ends[1])
    #expect(try program.end() == .init(code: 141, out: "", error: ""))
    let piped = try Program(
      ["-c", "\(Program.path) logs 1 --socket \(server.socket) | head -n 1"], path: "/bin/sh"
    ).end()
    #expect(piped == .init(code: 0, out: "x\n", error: ""))
  }

  @Test("colour is for terminals, without NO_COLOR")
  func colour() throws {
    let server = try ScriptedServer { _ in
      [.answer(200, "{\"attempts\":[\(Answers.attempt("succeeded"))]}")]
    }
    func history(_ environment: [String: String]) throws -> String {
      let command = "\(Program.path) history --socket \(server.socket)"
      return try Program(
        ["-qec", command, "/dev/null"], path: "/usr/bin/script",
        environment: ["TERM": "xterm", "SHELL": "/bin/sh"].merging(environment) { $1 }
      ).end().out
    }
    #expect(try history([:]).contains("\u{1b}[32msucceeded\u{1b}[0m"))
    #expect(try !history(["NO_COLOR": "1"]).contains("\u{1b}"))
    #expect(try !Program.millrace("history", "--socket", server.socket).out.contains("\u{1b}"))
  }

  @Test("binary results are not put on a terminal")
  func binaryResult() throws {
    let server = try ScriptedServer { _ in [.answer(200, "\u{1b}[2J", type: "image/png")] }
    let outcome = try Program(
      ["-qec", "\(Program.path) result 1 --socket \(server.socket)", "/dev/null"],
      path: "/usr/bin/script",
      environment: ["SHELL": "/bin/sh"]
    ).end()
    #expect(outcome.code == 2)
    #expect(outcome.out.contains("image/png: nothing for a terminal"))
  }
}
