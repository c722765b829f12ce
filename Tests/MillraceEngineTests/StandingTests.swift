import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("What is known of a job while it lives", .timeLimit(.minutes(1)))
struct StandingTests {
  @Test("a waiting job has its gates, an ended one nothing")
  func gates() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let running = try await bench.runningJob()
      let waiting = try await bench.submit("other")
      let standing = try #require(await bench.engine.standing(of: waiting))
      #expect(standing.gates.filter { !$0.isOpen }.map(\.gate) == [.slots])
      #expect(standing.progress == nil && standing.usage == nil)
      #expect(await bench.engine.standing(of: running)?.gates == [])
      try await bench.end(AttemptID(running))
      #expect(await bench.engine.standing(of: running) == nil)
      #expect(await bench.engine.standing(of: JobID(99)) == nil)
    }
  }

  @Test("progress is known while the attempt runs, the newest only")
  func progress() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      let half = Progress(fraction: 0.5, message: "half")
      bench.launcher.say(.progress(AttemptID(job), Progress(fraction: 0.1, message: "begun")))
      bench.launcher.say(.progress(AttemptID(job), half))
      // Events are taken in order: when this one is on record, those before it are known.
      let other = try await bench.runningJob()
      #expect(await bench.engine.standing(of: job)?.progress == half)
      #expect(await bench.engine.standing(of: other)?.progress == nil)
      try await bench.end(AttemptID(job), .crash)
      #expect(await bench.engine.standing(of: job)?.progress == nil)
    }
  }

  @Test("usage is measured once a second, only while something runs, and admission counts with it")
  func sampling() async throws {
    let bench = Bench()
    try await bench.run {
      #expect(!bench.journal.has("sample"))
      bench.launcher.measure([AttemptID(JobID(1)): UsageSample(workingSet: .mebibytes(7), cpu: .zero)])
      let job = try await bench.runningJob()
      try await bench.clock.sleeper(until: Sample.time(1))
      // Once before the first start, once since it runs.
      #expect(bench.journal.entries.count { $0 == "sample" } == 2)
      bench.clock.advance(by: .seconds(1))
      try await bench.clock.sleeper(until: Sample.time(2))
      #expect(await bench.engine.standing(of: job)?.usage?.workingSet == .mebibytes(7))
      #expect(await bench.engine.status().used.memory == .mebibytes(64))
      let (attempt, series) = try #require(await bench.engine.usage(of: job))
      #expect(attempt == AttemptID(job) && series.points.map(\.time) == [Sample.time(0), Sample.time(1)])
      #expect(series.points.map(\.sample.workingSet) == [.mebibytes(7), .mebibytes(7)])
      bench.clock.advance(by: .seconds(9))
      try await bench.clock.sleeper(until: Sample.time(11))
      try await bench.settle()
      #expect(await bench.engine.status().used.memory == .mebibytes(7))
      try await bench.end(AttemptID(job))
      #expect(await bench.engine.usage(of: job) == nil)
      let samples = bench.journal.entries.count { $0 == "sample" }
      bench.clock.advance(by: .seconds(1))
      try await bench.settle()
      // Nothing runs: nothing is measured, and nobody waits for the next second.
      #expect(!bench.clock.sleeps.entries.contains(Sample.time(12)))
      #expect(bench.journal.entries.count { $0 == "sample" } == samples)
    }
  }

  @Test("the runner's state, its plugins and its ports are told")
  func status() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      _ = try await bench.runningJob()
      try await bench.submit()
      try await bench.submit(notBefore: Sample.time(10))
      var expected =
        RunnerStatus(
          version: "1.2.3", pid: 42, started: Sample.time(0), draining: false, queued: 1, scheduled: 1,
          running: 1,
          capacity: Resources(
            slots: 1, memory: .gibibytes(1), committed: .gibibytes(10), cpuMillis: 100_000),
          used: Resources(slots: 1, memory: .mebibytes(64), committed: .mebibytes(64), cpuMillis: 1000))
      expected.stations = [StationState(.runner, .running)]
      #expect(await bench.engine.status() == expected)
      #expect(await bench.engine.catalog() == Catalog(plugins: [Bench.tools], refused: []))
      #expect(try await bench.engine.history.job(JobID(1))?.state == .running)
      bench.logs.append([1, 2, 3], to: AttemptID(JobID(1)))
      #expect(try await bench.engine.logs.read(AttemptID(JobID(1)), from: 1, atMost: 9) == [2, 3])
    }
  }

  @Test("a handler runs as many of its jobs as its author wants")
  func concurrency() async throws {
    let bench = Bench()
    try await bench.run {
      _ = try await bench.runningJob("other")
      let second = try await bench.submit("other")
      let standing = await bench.engine.standing(of: second)
      #expect(standing?.gates.filter { !$0.isOpen }.map(\.gate) == [.concurrency])
    }
  }
}
