import FoundationEssentials
import MillraceClient
import MillraceCore
import MillraceWire
import TestSupport
import Testing

@testable import millrace

@Suite("How far something is, while a person waits", .timeLimit(.minutes(2)))
struct ProgressTests {
  private static func running(_ job: Int, _ more: String = "") -> String {
    let job = Answers.job(job, state: "running", ended: false)
    return "{\"job\":\(job),\"attempts\":[],\"gates\":[]\(more)}"
  }

  @Test("is told of a job by its progress, or by the gate that it waits for")
  func words() throws {
    let progress = ",\"progress\":{\"fraction\":0.43,\"message\":\"reading\"}"
    let detail = try Wire.decoder().decode(JobDetail.self, from: Data(Self.running(42, progress).utf8))
    #expect(JobProgress.text(of: detail) == "job 42 running [#########...........] 43 % reading")
    var waiting = detail
    waiting.progress = nil
    waiting.job.state = .queued
    waiting.gates = [GateView(GateVerdict(gate: .slots, isOpen: false, need: 1, used: 4, capacity: 4))]
    #expect(JobProgress.text(of: waiting) == "job 42 queued, slots: 4 of 4 slots are taken")
    #expect(JobProgress.text(ended: 1, of: 2) == "[##########..........] 1 of 2 jobs have ended")
    // Only where a person looks.
    #expect(JobProgress(of: 1, Client(socket: "/nowhere/s")) == nil || ProgressLine.isWanted)
  }

  /// A runner with jobs 1 and 2, which end when the gates are open.
  private func server(_ gates: [Gate]) throws -> ScriptedServer {
    try ScriptedServer { request in
      let words = request.target.split(whereSeparator: { "/?".contains($0) })
      guard words.count > 2, let job = Int(words[2]) else { return [.problem(404, kind: "notFound", "no")] }
      switch words.dropFirst(3).first {
      case nil:
        let progress = ",\"progress\":{\"fraction\":0.5,\"message\":\"half \\u001b[31mof it\"}"
        return [.answer(200, Self.running(job, progress))]
      case "wait" where words.last == "timeout=0":
        return [.answer(200, Answers.job(job, state: "running", ended: false))]
      case "wait": return [.wait(gates[job - 1]), .answer(200, Answers.job(job))]
      default: return [.problem(404, kind: "notFound", "no")]
      }
    }
  }

  @Test("is shown by `wait` in one line of the terminal, and gone at the end")
  func wait() throws {
    let gates = [Gate(), Gate()]
    let server = try server(gates)
    let screen = try TmuxScreen(
      "\(Program.path) wait 1 2 --socket \(server.socket); echo \"ended with $?\"; exec cat",
      columns: 120)
    try screen.wait(for: "0 of 2 jobs have ended; job 1 running [##########..........] 50 %")
    gates[0].open()
    try screen.wait(for: "1 of 2 jobs have ended; job 2 running")
    gates[1].open()
    let text = try screen.wait(for: "ended with 0")
    #expect(!text.contains("have ended") && !text.contains("50 %") && text.contains("succeeded"))
    #expect(text.hasPrefix("JOB  HANDLER"))
  }

  @Test("is not shown where no terminal is")
  func silent() throws {
    let gates = [Gate(), Gate()]
    let server = try server(gates)
    let program = try Program(["wait", "1", "--socket", server.socket], path: Program.path)
    gates[0].open()
    let outcome = try program.end()
    #expect(outcome.code == 0 && outcome.error.isEmpty && outcome.out.hasPrefix("JOB"))
    #expect(server.requests.allSatisfy { $0.target.contains("/wait") })
  }
}
