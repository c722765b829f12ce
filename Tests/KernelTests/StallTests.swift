import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// What needs a kernel with pressure figures (PSI): `etc/kernel/run --psi`.
@Suite("Pressure by PSI", .serialized, .timeLimit(.minutes(8)))
struct StallTests {
  @Test("jobs that wait for memory all the time are pressure, although there is memory left")
  func stall() async throws {
    let configuration = """
      capacity: {memory: 1G, cpu: 16}
      pressure: {stall_warning: 2%, stall_critical: 5%, freeze_after: 2s, evict_after: 10m}
      """
    try await RunnerUnderTest.with(plugins: ["exec"], configuration: configuration) { runner in
      let script = "while [ ! -e \(runner.home)/go ]; do sleep 0.2; done"
      let last = try await runner.submit(
        "exec", "--priority", "1", "--memory", "16M", "--timeout", "1h", "--", "sh", "-c", script)
      try await runner.waitForStart(of: last)
      // It reads the same files again and again, which don't fit its limit: the kernel drops what comes next.
      let programs = ["millraced", "millrace"].map { "\(TestProcess.programs)/\($0)" }
      let reading = "while :; do cat \(programs.joined(separator: " ")) >/dev/null; done"
      let thrashing = try await runner.submit("exec", "--memory", "8M", "--", "sh", "-c", reading)
      _ = try await runner.waitForFreeze(of: last)
      let waiting = try await runner.submit("exec", "--memory", "16M", "--", "true")
      let why = try await runner.why(waiting)
      #expect(why.closed == [.pressure])
      let reason = try #require(why.explanation?.gates.first { $0.gate == .pressure }?.reason)
      #expect(reason.hasPrefix("critical: tasks wait for memory"), "\(reason)")
      let machine = try await runner.answer(StatusView.self, "status").machine
      #expect(try #require(machine.memoryStallPercent) > 4)
      #expect(try #require(machine.treeMemoryBytes) < 100 << 20)
      try await runner.cancel([thrashing])
      // The figure is an average of 10 s: it takes a while to come down.
      try await runner.waitForThaw(of: last)
      try Data().write(to: URL(fileURLWithPath: runner.home + "/go"))
      #expect(try await runner.lastAttempt(of: last).outcome == .succeeded)
      #expect(try await runner.lastAttempt(of: waiting).outcome == .succeeded)
    }
  }
}
