import Foundation
import MillraceCore
import MillraceWire
import Testing

/// Whose memory was full when the kernel killed: told apart with real cgroups.
@Suite("Memory verdicts", .serialized, .timeLimit(.minutes(5)))
struct MemoryVerdictTests {
  @Test("a job that passes its own limit is told so, whatever the groups above hold")
  func ownLimit() async throws {
    try await RunnerUnderTest.with(plugins: ["balloon"]) { runner in
      let attempt = try await runner.lastAttempt(
        of: try await runner.submit("balloon", "memory=200M", "--memory", "32M"))
      #expect(attempt.outcome == .oomOwnLimit)
      #expect(attempt.failure?.message == "it passed its memory limit of 32 MiB")
    }
  }

  @Test("a job that is killed for its plugin's group is told which group, and its limit")
  func group() async throws {
    try await RunnerUnderTest.with(plugins: ["balloon"]) { runner in
      let job = try await runner.submit("balloon", "memory=150M", "hold=600", "--memory", "160M")
      try await runner.wait(until: "its group is there") {
        FileManager.default.fileExists(atPath: "/sys/fs/cgroup\(runner.group)/p/balloon/memory.max")
      }
      try "\(48 << 20)".write(
        toFile: "/sys/fs/cgroup\(runner.group)/p/balloon/memory.max", atomically: false, encoding: .utf8)
      let attempt = try await runner.firstEnd(of: job)
      #expect(attempt.outcome == .oomPressure)
      #expect(attempt.signal == 9)
      #expect(
        attempt.failure?.message
          == "the kernel killed it: group `p/balloon` passed its memory limit of 48 MiB")
      try await runner.cancel([job])
    }
  }

  /// The kernel's own request to kill as if the machine had no memory left: not for a machine that does
  /// something else as well, where it may hit anybody.
  @Test("a job that the machine's own killer chose is told that it was the machine")
  func machine() async throws {
    let processors = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    guard processors.contains("User Mode Linux") else { return }
    try await RunnerUnderTest.with(plugins: ["balloon"]) { runner in
      let job = try await runner.submit("balloon", "memory=200M", "hold=600", "--memory", "256M")
      try await runner.wait(until: "it has its memory") {
        try runner.cgroupFile("p/memory.current").trimmingCharacters(in: .whitespacesAndNewlines)
          .compare("\(200 << 20)", options: .numeric) == .orderedDescending
      }
      try "f".write(toFile: "/proc/sysrq-trigger", atomically: false, encoding: .utf8)
      let attempt = try await runner.firstEnd(of: job)
      #expect(attempt.outcome == .oomPressure)
      #expect(attempt.failure?.message == "the kernel killed it: the machine was out of memory")
      try await runner.cancel([job])
    }
  }
}

extension RunnerUnderTest {
  /// Waits for the end of the first attempt at a job.
  fileprivate func firstEnd(of job: String) async throws -> AttemptView {
    var first: AttemptView?
    try await wait(until: "the first attempt at job \(job) has ended") {
      first = try await answer(JobDetail.self, "show", job).attempts.first
      return first?.outcome != nil
    }
    guard let first else { throw Failure(description: "job \(job) has no attempt") }
    return first
  }
}
