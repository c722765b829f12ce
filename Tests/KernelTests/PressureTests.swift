import Foundation
import MillraceCore
import MillraceWire
import Testing

/// What admission does about memory that is measured, with real cgroups.
@Suite("Measured admission", .serialized, .timeLimit(.minutes(5)))
struct PressureTests {
  @Test("jobs that declare 1 GiB and use 50 MiB run side by side, once five have shown it")
  func overcommitted() async throws {
    let configuration = "capacity: {memory: 1100M, cpu: 16}"
    try await RunnerUnderTest.with(plugins: ["balloon"], configuration: configuration) { runner in
      let first = try await runner.submit("balloon", "memory=50M", "hold=600", "--memory", "1G")
      try await runner.waitForStart(of: first)
      let second = try await runner.submit("balloon", "memory=50M", "--memory", "1G")
      let waiting = try await runner.why(second)
      #expect(waiting.closed == [.memory], "what nobody knows counts with what it declares")
      #expect(waiting.explanation?.estimate.memoryBytes == 1 << 30)
      #expect(try await runner.millrace("cancel", first).status == 0)
      let teachers = [second] + (try await runner.submitBatch(4, #""memory":"50M""#, memory: .gibibytes(1)))
      for job in teachers { #expect(try await runner.lastAttempt(of: job).outcome == .succeeded) }

      let jobs = try await runner.submitBatch(10, #""memory":"50M","hold":600"#, memory: .gibibytes(1))
      for job in jobs { try await runner.waitForStart(of: job) }
      let status = try await runner.answer(StatusView.self, "status")
      #expect(status.running == 10)
      #expect(status.used.committedBytes == 10 << 30)
      #expect(status.used.memoryBytes < 1100 << 20)
      let admitted = try #require(try await runner.why(jobs[9]).attempt)
      #expect(admitted.admission.demand.memoryBytes < 100 << 20)
      for job in jobs { #expect(try await runner.millrace("cancel", job).status == 0) }
      for job in jobs { #expect(try await runner.lastAttempt(of: job).outcome == .cancelled) }
    }
  }

  @Test("jobs that grow beyond what is expected of them stop admission before the tree meets its limit")
  func growing() async throws {
    let configuration = """
      capacity: {memory: 400M, cpu: 16}
      queue: {stagger: 3s}
      pressure: {freeze_after: never}
      """
    try await RunnerUnderTest.with(plugins: ["balloon"], configuration: configuration) { runner in
      for job in try await runner.submitBatch(5, #""memory":"10M""#, memory: .mebibytes(64)) {
        #expect(try await runner.lastAttempt(of: job).outcome == .succeeded)
      }
      let jobs = try await runner.submitBatch(8, #""memory":"90M","hold":600"#, memory: .mebibytes(200))
      for job in jobs[..<4] { try await runner.waitForStart(of: job) }
      try await runner.wait(until: "memory is critical") {
        try await runner.answer(StatusView.self, "status").pressure == "critical"
      }
      let last = try await runner.why(jobs[7])
      #expect(last.closed.contains(.pressure))
      #expect(!last.closed.contains(.memory), "what it is expected to need would fit")
      let pressure = try #require(last.explanation?.gates.first { $0.gate == .pressure })
      #expect(pressure.reason.hasPrefix("critical: the attempts use 3"), "\(pressure.reason)")
      let status = try await runner.answer(StatusView.self, "status")
      #expect(status.running == 4)
      #expect(status.queued == 4)
      #expect(try #require(status.machine.treeMemoryBytes) < 400 << 20)
      #expect(try runner.cgroupFile("p/memory.max") == "\(425 << 20)\n")
      #expect(try runner.cgroupFile("p/memory.events").contains("max 0\noom 0\n"))
      #expect(try await runner.millrace("cancel", jobs[0]).status == 0)
      try await runner.waitForStart(of: jobs[4])
      for job in jobs { _ = try await runner.millrace("cancel", job) }
    }
  }

  @Test("a critical spell freezes the last in rank and thaws it; that time is recorded and no run time")
  func frozen() async throws {
    try await RunnerUnderTest.with(
      plugins: ["balloon", "exec"], configuration: Self.freezing(evictAfter: "10m")
    ) { runner in
      let script = "while [ ! -e \(runner.home)/go ]; do sleep 0.2; done"
      let last = try await runner.submit(
        "exec", "--priority", "1", "--timeout", "15s", "--memory", "16M", "--", "sh", "-c", script)
      try await runner.waitForStart(of: last)
      let big = try await runner.submit("balloon", "memory=370M", "hold=600", "--memory", "380M")
      let since = try await runner.waitForFreeze(of: last)
      #expect(try runner.cgroupFile("p/exec/\(last).1/cgroup.freeze") == "1\n")
      let waiting = try await runner.submit("exec", "--memory", "1M", "--", "true")
      #expect(try await runner.why(waiting).closed == [.pressure])
      try await runner.wait(until: "it is frozen for longer than it may run") {
        _ = try await runner.answer(StatusView.self, "status")
        return Date.now.timeIntervalSince(since) > 16
      }
      #expect(try runner.cgroupFile("p/exec/\(last).1/cgroup.freeze") == "1\n")
      #expect(try await runner.millrace("cancel", big).status == 0)
      try await runner.wait(until: "it goes on") {
        try await runner.answer(JobDetail.self, "show", last).attempts.last?.frozenSince == nil
      }
      #expect(try runner.cgroupFile("p/exec/\(last).1/cgroup.freeze") == "0\n")
      try Data().write(to: URL(fileURLWithPath: runner.home + "/go"))
      let attempt = try await runner.lastAttempt(of: last)
      #expect(attempt.id == "\(last).1")
      #expect(attempt.outcome == .succeeded)
      #expect(try #require(attempt.frozenSeconds) > 15)
      #expect(try #require(attempt.runSeconds) > 15, "from its start to its end, by the clock")
      #expect(try await runner.lastAttempt(of: waiting).outcome == .succeeded)
    }
  }

  @Test("what is frozen for too long is evicted, runs again when there is room, and loses no attempt")
  func evicted() async throws {
    try await RunnerUnderTest.with(
      plugins: ["balloon", "exec"], configuration: Self.freezing(evictAfter: "3s")
    ) { runner in
      let script = "[ -e \(runner.home)/go ] || sleep 600"
      let last = try await runner.submit(
        "exec", "--priority", "1", "--max-attempts", "1", "--memory", "16M", "--", "sh", "-c", script)
      try await runner.waitForStart(of: last)
      let big = try await runner.submit("balloon", "memory=370M", "hold=600", "--memory", "380M")
      try await runner.wait(until: "it is evicted") {
        try await runner.answer(JobDetail.self, "show", last).attempts.first?.outcome == .evicted
      }
      let why = try await runner.why(last)
      #expect(why.job.state == .queued)
      #expect(why.closed == [.pressure])
      try Data().write(to: URL(fileURLWithPath: runner.home + "/go"))
      #expect(try await runner.millrace("cancel", big).status == 0)
      let attempt = try await runner.lastAttempt(of: last)
      #expect(attempt.id == "\(last).2")
      #expect(attempt.outcome == .succeeded)
      let history = try await runner.answer(HistoryPage.self, "history").attempts.filter {
        "\($0.job)" == last
      }
      #expect(Set(history.map(\.outcome)) == [.evicted, .succeeded])
      let first = try #require(history.first { $0.outcome == .evicted })
      #expect(try #require(first.frozenSeconds) > 2)
      #expect(first.signal == 9)
    }
  }

  /// A runner that freezes soon; 370 MiB are critical, 380 and 16 MiB fit.
  private static func freezing(evictAfter: String) -> String {
    """
    capacity: {memory: 400M, cpu: 16}
    pressure: {freeze_after: 1s, evict_after: \(evictAfter)}
    """
  }
}
