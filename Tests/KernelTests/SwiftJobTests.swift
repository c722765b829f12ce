import Foundation
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
}
