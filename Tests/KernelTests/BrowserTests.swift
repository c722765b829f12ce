import Foundation
import Testing
import TestSupport

/// The dashboard of a real runner in a real Chromium; `etc/check-dashboard` runs the same by itself.
@Suite("The dashboard in a browser")
struct BrowserTests {
  @Test(
    "jobs are submitted, seen as they move, cancelled and retried; pages can be used; no other page gets in",
    .timeLimit(.minutes(20)))
  func dashboard() async throws {
    let script = URL(filePath: #filePath).appending(path: "../../../etc/check_dashboard").standardized.path
    // Debian's own Python has Debian's Selenium.
    let run = try await TestProcess(
      "/usr/bin/python3", ["-B", script, "--programs", TestProcess.programs]
    ).ended()
    #expect(run.status == 0, "\(run.output)\n\(run.errors)")
  }
}
