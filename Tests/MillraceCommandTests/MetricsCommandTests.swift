import TestSupport
import Testing

@Suite("The command for metrics")
struct MetricsCommandTests {
  @Test("prints what the runner says as it is")
  func metrics() throws {
    let text = "# TYPE millrace_healthy gauge\nmillrace_healthy 1\n"
    let server = try ScriptedServer { request in
      request.target == "/metrics"
        ? [.answer(200, text, type: "text/plain; version=0.0.4")] : [.problem(404, kind: "notFound", "no")]
    }
    for option in [[], ["--openmetrics"]] {
      let outcome = try Program(
        ["metrics", "--socket", server.socket] + option, path: Program.path
      ).end()
      #expect(outcome == .init(code: 0, out: text, error: ""))
    }
  }

  @Test("says that no runner is there, and prints nothing that a collector could take for metrics")
  func unreachable() throws {
    let outcome = try Program.millrace("metrics", "--socket", TestDirectory.newPath("nobody"))
    #expect(outcome.code == 69 && outcome.out.isEmpty && outcome.error.hasPrefix("error: "))
  }
}
