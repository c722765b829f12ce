import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// A plugin in Swift, which has Swift's runtime inside, in a real runner.
@Suite("Jobs of a plugin in Swift", .serialized, .timeLimit(.minutes(5)))
struct SwiftJobTests {
  @Test("its schema is checked, its default filled in, and its value becomes the result")
  func wordcount() async throws {
    try await RunnerUnderTest.with(plugins: ["wordcount"]) { runner in
      let words = Data("mill race mill".utf8)
      let counted = try await runner.millrace("run", "wordcount", "--input", "-", input: words)
      #expect(counted.status == 0, "\(counted.errors)")
      #expect(
        counted.output.trimmingCharacters(in: .newlines)
          == #"{"distinct":2,"lines":1,"top":[{"count":2,"word":"mill"},"#
          + #"{"count":1,"word":"race"}],"words":3}"#)
      let refused = try await runner.millrace("run", "wordcount", "top=10001", "--input", "-", input: words)
      #expect(refused.status == 2 && refused.errors.contains("top"), "\(refused.errors)")
      let failed = try await runner.millrace("run", "wordcount", "path=/nowhere")
      #expect(failed.status == 1 && failed.errors.contains("cannot open `/nowhere`"), "\(failed.errors)")
    }
  }

  @Test("a cancelled job cancels the task of its handler, which ends long before it would be killed")
  func cancelled() async throws {
    let built = try SwiftPlugin.patient()
    try await RunnerUnderTest.with(plugins: [], files: [built.library]) { runner in
      for way in ["sleep", "group"] {
        let job = try await runner.submit("patient", "way=\(way)", "--grace", "60s")
        try await runner.waitForStart(of: job)
        try await runner.wait(until: "its task has begun") {
          try await runner.answer(JobDetail.self, "show", job).progress?.message == "begun"
        }
        let began = ContinuousClock.now
        #expect(try await runner.millrace("cancel", job).status == 0)
        let attempt = try await runner.lastAttempt(of: job)
        #expect(ContinuousClock.now - began < .seconds(40))
        #expect(attempt.outcome == .cancelled && attempt.exitCode == 1, "\(attempt)")
      }
    }
  }
}
