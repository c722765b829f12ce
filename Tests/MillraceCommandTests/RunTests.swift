import Glibc
import Synchronization
import TestSupport
import Testing

@testable import millrace

@Suite("millrace run")
struct RunTests {
  /// A runner whose job writes a log and ends as is said.
  private func runner(
    state: String, attempts: String..., log: [ScriptedServer.Step] = [],
    ended: @escaping @Sendable () -> Bool,
    cancel: @escaping @Sendable () -> Void = {}
  ) throws -> ScriptedServer {
    let detail = "[\(attempts.joined(separator: ","))]"
    return try ScriptedServer { request in
      let isEnd = ended()
      let job = Answers.job(state: isEnd ? state : "running", attempts: 1, ended: isEnd)
      switch (request.method, request.target.prefix { $0 != "?" }) {
      case ("POST", "/v1/jobs"):
        return [.answer(201, Answers.job(state: "queued", attempts: 0, ended: false))]
      case ("POST", "/v1/jobs/42/cancel"):
        cancel()
        return [.answer(200, job)]
      case ("GET", "/v1/jobs/42/logs"):
        return [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")] + log + [.send("0\r\n\r\n")]
      case ("GET", "/v1/jobs/42"):
        return [.answer(200, "{\"job\":\(job),\"attempts\":\(detail),\"gates\":[]}")]
      default: return [.answer(200, job)]
      }
    }
  }

  @Test("the log goes to standard output, and the exit code is the job's")
  func exitsLikeTheJob() throws {
    let failure = "\"failure\":{\"code\":\"exit_3\",\"message\":\"exited with 3\",\"is_retryable\":false},"
    let server = try runner(
      state: "failed", attempts: Answers.attempt("error", failure), log: [.send("6\r\nhello\n\r\n")],
      ended: { true })
    let outcome = try Program.millrace("run", "exec", "--socket", server.socket, "--", "false")
    #expect(
      outcome
        == .init(
          code: 3, out: "hello\n",
          error: "millrace: job 42\nmillrace: job 42: failed: exited with 3 (exit_3)\n"))
    let quiet = try Program.millrace("run", "-q", "exec", "--socket", server.socket, "--", "false")
    #expect(quiet == .init(code: 3, out: "hello\n", error: ""))
  }

  @Test("an attempt that begins later, and one after it, are followed")
  func retries() throws {
    let looks = Mutex(0)
    let server = try ScriptedServer { request in
      switch request.target {
      case "/v1/jobs": return [.answer(201, Answers.job(state: "queued", attempts: 0, ended: false))]
      case "/v1/jobs/42":
        return [.answer(200, Answers.detail(Answers.job(attempts: 2), Answers.attempt("succeeded")))]
      case "/v1/jobs/42/logs?attempt=1&follow=true": return [.answer(200, "one\n", type: "text/plain")]
      case "/v1/jobs/42/logs?attempt=2&follow=true": return [.answer(200, "two\n", type: "text/plain")]
      case "/v1/jobs/42/result": return [.answer(200, "three", type: "text/plain")]
      default:
        let look = looks.withLock { count in
          count += 1
          return count
        }
        return [
          .answer(
            200,
            Answers.job(state: look > 5 ? "succeeded" : "queued", attempts: min(2, look / 2), ended: look > 5)
          )
        ]
      }
    }
    let outcome = try Program.millrace("run", "noop", "--socket", server.socket)
    #expect(outcome == .init(code: 0, out: "one\ntwo\nthree\n", error: "millrace: job 42\n"))
  }

  @Test("Ctrl-C cancels the job, and its end is waited for")
  func interrupt() throws {
    let (following, cancelled) = (Gate(), Gate())
    let isCancelled = Mutex(false)
    let runner = try runner(
      state: "cancelled", attempts: Answers.attempt("cancelled", "\"signal\":15,"),
      log: [.send("3\r\nup\n\r\n"), .open(following), .wait(cancelled)],
      ended: { isCancelled.withLock { $0 } },
      cancel: {
        isCancelled.withLock { $0 = true }
        cancelled.open()
      })
    let program = try Program(
      ["run", "exec", "--socket", runner.socket, "--", "sleep", "60"], path: Program.path)
    following.wait()
    kill(program.pid, SIGINT)
    let outcome = try program.end()
    #expect(outcome.code == 130)
    #expect(outcome.out == "up\n")
    #expect(outcome.error.contains("cancelling job 42; Ctrl-C again leaves it\n"))
    #expect(outcome.error.hasSuffix("job 42: cancelled\n"))
  }

  @Test("a second Ctrl-C leaves the job")
  func secondInterrupt() throws {
    let (following, cancelled, never) = (Gate(), Gate(), Gate())
    let runner = try runner(
      state: "cancelled", log: [.open(following), .wait(never)], ended: { false },
      cancel: { cancelled.open() })
    let program = try Program(["run", "noop", "--socket", runner.socket], path: Program.path)
    following.wait()
    kill(program.pid, SIGINT)
    cancelled.wait()
    kill(program.pid, SIGINT)
    let outcome = try program.end()
    never.open()
    #expect(outcome.code == 130)
    #expect(outcome.error.hasSuffix("left job 42; `millrace logs -f 42` shows it again\n"))
  }

  @Test("a log that nobody reads any more cancels the job")
  func brokenPipe() throws {
    let isCancelled = Mutex(false)
    let runner = try runner(
      state: "cancelled", log: [.send("3\r\nup\n\r\n")], ended: { false },
      cancel: { isCancelled.withLock { $0 = true } })
    var ends: [Int32] = [-1, -1]
    try #require(pipe(&ends) == 0)
    close(ends[0])
    let program = try Program(
      ["run", "noop", "--socket", runner.socket], path: Program.path, output: ends[1])
    close(ends[1])
    #expect(try program.end().code == 141)
    #expect(isCancelled.withLock { $0 })
  }
}
