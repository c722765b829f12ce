import Foundation
import TestSupport
import Testing

@Suite("The commands of dead letters")
struct DeadCommandTests {
  private static func server() throws -> ScriptedServer {
    try ScriptedServer { request in
      request.method == "GET"
        ? [.answer(200, Answers.detail(Answers.job(state: "failed")))]
        : [.answer(200, #"{"jobs":["# + Answers.job(state: "queued", attempts: 0, ended: false) + "]}")]
    }
  }

  @Test("an edited retry sends what was made of the job's limits")
  func edit() throws {
    let server = try Self.server()
    let outcome = try Program.millrace(
      "dead", "retry", "42", "--edit", "--memory", "+50%", "--socket", server.socket, "-o", "ids",
      environment: ["EDITOR": "sed -i 's/\"cpu_millis\" *: *500/\"cpu_millis\":750/'"])
    #expect(outcome == .init(code: 0, out: "42\n", error: ""))
    #expect(
      server.requests.last?.body
        == #"{"cpu_millis":750,"ids":[42],"max_attempts":3,"more_memory_percent":50,"pids":64,"#
        + #""timeout_seconds":30}"#)
  }

  @Test(
    "an editor that fails, or leaves what is no JSON, changes nothing",
    arguments: [("false", "did not end well"), ("sed -i 's/:/;/'", "is no JSON of limits")])
  func refused(editor: String, words: String) throws {
    let server = try Self.server()
    let outcome = try Program.millrace(
      "dead", "retry", "42", "--edit", "--socket", server.socket, environment: ["EDITOR": editor])
    #expect(outcome.code == 2)
    #expect(outcome.error.contains(words))
    #expect(!server.requests.contains { $0.method == "POST" })
  }
}
