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
      try await runner.cancel([first])
      try await runner.teach(count: 4, memory: .mebibytes(50), limit: .gibibytes(1))
      #expect(try await runner.lastAttempt(of: second).outcome == .succeeded)

      let jobs = try await runner.inflate(8, to: .mebibytes(50), limit: .gibibytes(1))
      try await runner.wait(until: "all of them run") {
        try await runner.answer(StatusView.self, "status").running == 8
      }
      let status = try await runner.answer(StatusView.self, "status")
      #expect(status.used.committedBytes == 8 << 30)
      #expect(status.used.memoryBytes < 1100 << 20)
      let admitted = try #require(try await runner.why(jobs[7]).attempt)
      #expect(admitted.admission.demand.memoryBytes < 60 << 20)
      try await runner.cancel(jobs)
    }
  }

  @Test("jobs that grow beyond what is expected of them stop admission before the tree meets its limit")
  func growing() async throws {
    try await RunnerUnderTest.with(plugins: ["balloon"], configuration: Self.neverFreezing) { runner in
      try await runner.teach(count: 5, memory: .mebibytes(4), limit: .mebibytes(100))
      var jobs: [String] = []
      var last: WhyView?
      while last == nil, jobs.count < 8 {
        jobs += try await runner.inflate(1, to: .mebibytes(45), limit: .mebibytes(100))
        try await runner.wait(until: "job \(jobs.count) has grown, or is held back by pressure") {
          let held = try await runner.answer(StatusView.self, "status").machine.treeMemoryBytes ?? 0
          if held >= Int64(jobs.count) * 45 << 20 { return true }
          let why = try await runner.why(jobs[jobs.count - 1])
          if why.closed.contains(.pressure) { last = why }
          return last != nil
        }
      }
      #expect(jobs.count == 5)
      #expect(last?.closed == [.memory, .pressure])
      let gate = last?.explanation?.gates.first { $0.gate == .pressure }
      #expect(gate?.reason.hasPrefix("critical: the attempts use 18") == true, "\(gate?.reason ?? "")")
      let status = try await runner.answer(StatusView.self, "status")
      #expect(status.running == 4)
      #expect(status.pressure == "critical")
      let events = try runner.cgroupFile("p/memory.events")
      #expect(events.contains("max 0\noom 0\n"), "\(events)")
      try await runner.cancel([jobs[0]])
      try await runner.waitForStart(of: jobs[4])
      try await runner.cancel(Array(jobs[1...]))
    }
  }

  @Test("where jobs jump over the tree's limit at once, who is killed loses no attempt and runs again")
  func wall() async throws {
    try await RunnerUnderTest.with(plugins: ["balloon"], configuration: Self.neverFreezing) { runner in
      try await runner.teach(count: 5, memory: .mebibytes(4), limit: .mebibytes(150))
      let jobs = try await runner.inflate(3, to: .mebibytes(120), limit: .mebibytes(150))
      var killed: AttemptView?
      try await runner.wait(until: "one of them is killed") {
        let history = try await runner.answer(HistoryPage.self, "history").attempts
        killed = history.first { $0.outcome != nil && $0.outcome != .succeeded }
        return killed != nil
      }
      let attempt = try #require(killed)
      #expect(attempt.outcome == .oomPressure)
      #expect(
        attempt.failure?.message == "the kernel killed it: group `p` passed its memory limit of 212.5 MiB")
      #expect(attempt.signal == 9)
      let job = try await runner.answer(JobDetail.self, "show", "\(attempt.job)").job
      #expect(!job.state.isFinal, "it has one attempt, and that is not used up")
      try await runner.cancel(jobs)
    }
  }

  @Test("a critical spell freezes the last in rank and thaws it; that time is recorded and no run time")
  func frozen() async throws {
    try await RunnerUnderTest.with(
      plugins: ["balloon", "exec"], configuration: Self.freezing(evictAfter: "10m")
    ) { runner in
      try await runner.teach(count: 5, memory: .mebibytes(4), limit: .mebibytes(98))
      let script = "while [ ! -e \(runner.home)/go ]; do sleep 0.2; done"
      let last = try await runner.submit(
        "exec", "--priority", "1", "--timeout", "45s", "--memory", "8M", "--", "sh", "-c", script)
      try await runner.waitForStart(of: last)
      let big = try await runner.inflate(1, to: .mebibytes(92), limit: .mebibytes(98))
      let since = try await runner.waitForFreeze(of: last)
      #expect(try runner.cgroupFile("p/exec/\(last).1/cgroup.freeze") == "1\n")
      let waiting = try await runner.submit("exec", "--memory", "1M", "--", "true")
      #expect(try await runner.why(waiting).closed.contains(.pressure))
      try await runner.wait(until: "it is frozen for longer than it may run") {
        _ = try await runner.answer(StatusView.self, "status")
        return Date.now.timeIntervalSince(since) > 46
      }
      #expect(try runner.cgroupFile("p/exec/\(last).1/cgroup.freeze") == "1\n")
      try await runner.cancel(big)
      try await runner.waitForThaw(of: last)
      #expect(try runner.cgroupFile("p/exec/\(last).1/cgroup.freeze") == "0\n")
      try Data().write(to: URL(fileURLWithPath: runner.home + "/go"))
      let attempt = try await runner.lastAttempt(of: last)
      #expect(attempt.id == "\(last).1")
      #expect(attempt.outcome == .succeeded)
      #expect(try #require(attempt.frozenSeconds) > 45)
      #expect(try #require(attempt.runSeconds) > 45, "from its start to its end, by the clock")
      #expect(try await runner.lastAttempt(of: waiting).outcome == .succeeded)
    }
  }

  @Test("what is frozen for too long is evicted, runs again when there is room, and loses no attempt")
  func evicted() async throws {
    try await RunnerUnderTest.with(
      plugins: ["balloon", "exec"], configuration: Self.freezing(evictAfter: "3s")
    ) { runner in
      try await runner.teach(count: 5, memory: .mebibytes(4), limit: .mebibytes(98))
      let script = "test -e \(runner.home)/go || sleep 600"
      let last = try await runner.submit(
        "exec", "--priority", "1", "--attempts", "1", "--memory", "8M", "--", "sh", "-c", script)
      try await runner.waitForStart(of: last)
      let big = try await runner.inflate(1, to: .mebibytes(92), limit: .mebibytes(98))
      try await runner.wait(until: "it is evicted") {
        try await runner.answer(JobDetail.self, "show", last).attempts.first?.outcome == .evicted
      }
      let why = try await runner.why(last)
      #expect(why.job.state == .queued)
      #expect(why.closed.contains(.pressure))
      try Data().write(to: URL(fileURLWithPath: runner.home + "/go"))
      try await runner.cancel(big)
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

  private static let neverFreezing = """
    capacity: {memory: 200M, cpu: 16}
    pressure: {freeze_after: never}
    """

  /// A runner that freezes soon; 92 MiB are critical, and nobody expects them.
  private static func freezing(evictAfter: String) -> String {
    """
    capacity: {memory: 100M, cpu: 16}
    pressure: {freeze_after: 1s, evict_after: \(evictAfter)}
    """
  }
}
