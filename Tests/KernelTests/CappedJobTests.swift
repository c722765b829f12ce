import Foundation
import MillraceCore
import MillraceWire
import TestSupport
import Testing

/// Real jobs under real limits, asked for as a user does.
@Suite("Capped jobs", .serialized, .timeLimit(.minutes(5)))
struct CappedJobTests {
  @Test("run exits like its program: 0, its code, 128 and the signal")
  func exitCodes() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      #expect(try await runner.millrace("run", "exec", "--", "true").status == 0)
      #expect(try await runner.millrace("run", "exec", "--", "sh", "-c", "exit 7").status == 7)
      #expect(try await runner.millrace("run", "exec", "--", "sh", "-c", "kill -KILL $$").status == 137)
      let echo = try await runner.millrace("run", "exec", "--", "echo", "hello")
      #expect(echo.output.contains("hello"))
    }
  }

  @Test("a job over its memory limit is killed, with the verdict and the peak, and its neighbour lives on")
  func outOfMemory() async throws {
    try await RunnerUnderTest.with(plugins: ["balloon", "spin"]) { runner in
      let neighbour = try await runner.submit("sleep", "seconds=4", "--cpu", "0.1")
      let job = try await runner.submit("balloon", "memory=200M", "--memory", "48M", "--cpu", "0.5")
      let attempt = try await runner.lastAttempt(of: job)
      #expect(attempt.outcome == .oomOwnLimit)
      #expect(attempt.signal == 9)
      #expect(attempt.failure?.code == "out_of_memory")
      let peak = try #require(attempt.usage.memoryPeakBytes)
      #expect(peak <= 48 << 20 && peak > 40 << 20)
      #expect(try #require(attempt.usage.oomKills) >= 1)
      #expect(try await runner.lastAttempt(of: neighbour).outcome == .succeeded)
    }
  }

  @Test("a job at 20 % of a processor is held back and says so")
  func throttled() async throws {
    try await RunnerUnderTest.with(plugins: ["spin"]) { runner in
      let job = try await runner.submit("spin", "cpu_seconds=0.6", "--cpu", "0.2")
      let attempt = try await runner.lastAttempt(of: job)
      #expect(attempt.outcome == .succeeded)
      #expect(try #require(attempt.usage.throttledSeconds) > 0)
      let cpu = try #require(attempt.usage.cpuUserSeconds) + (attempt.usage.cpuSystemSeconds ?? 0)
      #expect(try #require(attempt.runSeconds) > 2 * cpu)
    }
  }

  @Test("forks beyond the limit are refused and counted")
  func forkBomb() async throws {
    try await RunnerUnderTest.with(plugins: ["spin"]) { runner in
      let attempt = try await runner.lastAttempt(
        of: try await runner.submit("forks", "count=50", "--pids", "8"))
      #expect(attempt.outcome == .succeeded)
      #expect(try #require(attempt.usage.forksRefused) > 0)
      if let peak = attempt.usage.pidsPeak { #expect(peak <= 8) }
    }
  }

  @Test("a timeout ends a job, also one that ignores SIGTERM, and its cgroup is gone")
  func timeouts() async throws {
    try await RunnerUnderTest.with(plugins: ["spin"]) { runner in
      let polite = try await runner.submit("sleep", "seconds=600", "--timeout", "1s", "--cpu", "0.1")
      let deaf = try await runner.submit(
        "spin", "seconds=600", "ignore_term=true", "--timeout", "3s", "--grace", "1s")
      #expect(try await runner.lastAttempt(of: polite).outcome == .timedOut)
      let killed = try await runner.lastAttempt(of: deaf)
      #expect(killed.outcome == .timedOut)
      #expect(killed.signal == 9)
      #expect(try runner.leaves().isEmpty)
    }
  }

  @Test("cancel stops a queued and a running job; what ended cannot be cancelled")
  func cancel() async throws {
    let one = "capacity: {slots: 1}"
    try await RunnerUnderTest.with(plugins: ["spin"], configuration: one) { runner in
      let running = try await runner.submit("sleep", "seconds=600")
      let queued = try await runner.submit("sleep", "seconds=600")
      #expect(try await runner.millrace("cancel", queued).status == 0)
      #expect(try await runner.millrace("cancel", running).status == 0)
      let detail = try await runner.lastAttempt(of: running)
      #expect(detail.outcome == .cancelled)
      let never = try await runner.answer(JobDetail.self, "show", queued)
      #expect(never.job.state == .cancelled)
      #expect(never.attempts.isEmpty)
      #expect(try await runner.millrace("cancel", running).status == 1)
      #expect(try runner.leaves().isEmpty)
    }
  }

  @Test("a job has its own cgroup with every limit, no privileges, and an empty directory of its own")
  func confinement() async throws {
    try await RunnerUnderTest.with(plugins: ["exec"]) { runner in
      let script = """
        cat /proc/self/cgroup; id -u; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status; pwd; ls -A | wc -l
        c=/sys/fs/cgroup$(sed s/^0::// /proc/self/cgroup)
        cat $c/memory.max $c/cpu.max $c/pids.max $c/memory.oom.group; ls /proc/self/fd | wc -l
        echo 1 > $c/memory.max || echo cannot raise
        """
      let run = try await runner.millrace(
        "run", "exec", "--memory", "32M", "--cpu", "0.5", "--pids", "16", "--", "sh", "-c", script)
      let lines = run.output.split(separator: "\n").map(String.init)
      #expect(lines.first == "0::\(runner.group)/p/exec/1.1")
      #expect(lines.contains("65534"))
      #expect(lines.contains { $0.hasPrefix("CapEff:") && $0.hasSuffix("0000000000000000") })
      #expect(lines.contains { $0.hasPrefix("CapBnd:") && $0.hasSuffix("0000000000000000") })
      #expect(lines.contains { $0.hasPrefix("NoNewPrivs:") && $0.hasSuffix("1") })
      #expect(lines.contains(runner.state + "/work" + "/1.1"))
      #expect(lines.contains("33554432"))
      #expect(lines.contains("50000 100000"))
      #expect(lines.contains("16"))
      #expect(run.output.contains("cannot raise"))
    }
  }

  @Test("an ordinary user's runner caps jobs in the cgroup that was delegated to it")
  func rootless() async throws {
    let runner = try RunnerUnderTest(plugins: ["exec", "balloon"])
    runner.isRootless = true
    try await runner.start(handlers: 2)
    let run = try await runner.millrace("run", "exec", "--", "sh", "-c", "id -u; cat /proc/self/cgroup")
    #expect(run.output == "65534\n0::\(runner.group)/p/exec/1.1\n")
    let attempt = try await runner.lastAttempt(
      of: try await runner.submit("balloon", "memory=99M", "--memory", "32M"))
    #expect(attempt.outcome == .oomOwnLimit)
    #expect(await runner.stop() == 0)
    #expect(try CgroupNames.below(runner.group) == ["runner"])
  }

  @Test("the checksum of a tree is what sha256sum says")
  func checksum() async throws {
    try await RunnerUnderTest.with(plugins: ["checksum"]) { runner in
      let tree = TestDirectory.newPath("tree")
      try FileManager.default.createDirectory(atPath: tree, withIntermediateDirectories: true)
      try Data("one".utf8).write(to: URL(fileURLWithPath: tree + "/one"))
      try Data(repeating: 7, count: 3 << 20).write(to: URL(fileURLWithPath: tree + "/two"))
      #expect(try await runner.millrace("run", "checksum", "path=\(tree)").status == 0)
      let result = try await runner.millrace("result", "1")
      #expect(
        result.output.hasPrefix("7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  one\n"))
      #expect(result.output.split(separator: "\n").count == 2)
    }
  }
}
