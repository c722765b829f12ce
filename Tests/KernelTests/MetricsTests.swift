import Foundation
import MillraceWire
import TestSupport
import Testing

/// What a real runner tells of real jobs.
@Suite("Metrics", .serialized, .timeLimit(.minutes(5)))
struct MetricsTests {
  /// The samples of a text, by their names with labels.
  private func samples(_ text: String) -> [String: Double] {
    let pairs = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { line in
      line.lastIndex(of: " ").map { (String(line[..<$0]), Double(line[line.index(after: $0)...]) ?? .nan) }
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  @Test("of a real runner tell what its jobs did and used, and promtool has nothing against them")
  func metrics() async throws {
    try await RunnerUnderTest.with(plugins: ["exec", "balloon"]) { runner in
      for _ in 0..<2 { _ = try await runner.lastAttempt(of: try await runner.submit("exec", "--", "true")) }
      let killed = try await runner.submit(
        "balloon", "memory=256M", "--memory", "48M", "--attempts", "1")
      _ = try await runner.lastAttempt(of: killed)
      let run = try await runner.millrace("metrics")
      #expect(run.status == 0, "\(run.errors)")
      let found = samples(run.output)
      #expect(found["millrace_attempts_total{handler=\"exec\",outcome=\"succeeded\"}"] == 2)
      #expect(found["millrace_attempts_total{handler=\"balloon\",outcome=\"oomOwnLimit\"}"] == 1)
      #expect(found["millrace_jobs_ended_total{state=\"failed\"}"] == 1)
      #expect(found["millrace_jobs{state=\"running\"}"] == 0)
      #expect(found["millrace_healthy"] == 1)
      #expect(found["millrace_attempt_run_seconds_count{handler=\"exec\"}"] == 2)
      #expect((found["millrace_attempt_cpu_seconds_total{handler=\"exec\",mode=\"user\"}"] ?? 0) > 0)
      #expect((found["millrace_attempt_oom_kills_total{handler=\"balloon\"}"] ?? 0) > 0)
      #expect((found["millrace_store_transaction_seconds_count{operation=\"commit\"}"] ?? 0) > 0)
      #expect((found["millrace_machine_memory_bytes"] ?? 0) > 0)
      let lint = try await TestProcess(
        "/usr/bin/env", ["promtool", "check", "metrics"], input: Data(run.output.utf8)
      ).ended()
      #expect(lint == .init(status: 0, output: "", errors: ""))
      let open = try await runner.millrace("metrics", "--openmetrics").output
      #expect(open.hasSuffix("# EOF\n"))
    }
  }
}
