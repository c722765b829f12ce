import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Holding and pausing", .timeLimit(.minutes(1)))
struct ControlTests {
  @Test("a held job is on record as held, starts when it is released, and is held after a restart")
  func hold() async throws {
    let record = MemoryJobStore()
    let bench = Bench(slots: 1, record: record)
    try await bench.run {
      var request = JobRequest(handler: "work")
      request.isHeld = true
      let ids = try await bench.engine.submit([request, request])
      #expect(await bench.engine.status().held == 2)
      #expect(try await bench.engine.hold(ids[1], false).isHeld == false)
      try await bench.journal.wait(for: "launch 2.1")
      try await bench.start(AttemptID(ids[1]))
      try await bench.end(AttemptID(ids[1]))
    }
    let second = Bench(record: record, at: Sample.time(20))
    try await second.run {
      try await second.settle()
      #expect(await second.engine.standing(of: JobID(1))?.gates.first { $0.gate == .hold }?.isOpen == false)
      #expect(!second.journal.has("launch"))
      #expect(try await second.engine.hold(matching: held(), false) == [JobID(1)])
      try await second.journal.wait(for: "launch 1.1")
    }
  }

  private func held() -> JobFilter {
    var filter = JobFilter()
    filter.isHeld = true
    return filter
  }

  @Test("a job that has ended can be neither held nor released")
  func ended() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      try await bench.end(AttemptID(job))
      let refusal = try await #require(throws: Refusal.self) { try await bench.engine.hold(job, true) }
      #expect(refusal == Refusal(.conflict, "job 1 has ended already: succeeded"))
    }
  }

  @Test("a paused handler takes jobs and starts none; it is on record, and holds over a restart")
  func pause() async throws {
    let record = MemoryJobStore()
    let bench = Bench(record: record)
    try await bench.run {
      let state = try await bench.engine.operate(.handler("work"), .pause, by: "ann")
      #expect(state.activity == .paused(Pause(by: "ann", since: Sample.time(0))))
      #expect(bench.journal.has("committed [memo pause handler work]"))
      _ = try await bench.submit()
      _ = try await bench.submit("other")
      try await bench.journal.wait(for: "launch 2.1")
      try await bench.start(AttemptID(JobID(2)))
      try await bench.end(AttemptID(JobID(2)))
      #expect(!bench.journal.has("launch 1.1"))
      #expect(await bench.engine.status().notices.map(\.text) == ["handler `work` is paused by ann"])
    }
    let second = Bench(record: record, at: Sample.time(20))
    try await second.run {
      try await second.settle()
      let stations = await second.engine.stations()
      #expect(stations.map(\.station) == [.runner, .handler("work")])
      #expect(stations[1] == StationState(.handler("work"), .paused(Pause(by: "ann", since: Sample.time(0)))))
      #expect(!second.journal.has("launch"))
      #expect(try await second.engine.operate(.handler("work"), .resume, by: "bob").activity.pause == nil)
      try await second.journal.wait(for: "launch 1.1")
    }
    #expect(try await record.memos() == [])
  }

  @Test("a drain is waited for until nothing runs; nothing is lost, and jobs are taken meanwhile")
  func drain() async throws {
    let bench = Bench(slots: 2)
    try await bench.run {
      let running = try await bench.runningJob()
      let state = try await bench.engine.operate(.runner, .drain, by: "ann")
      #expect(state.activity.word == "stopping")
      let waiting = try await bench.submit()
      async let drained = bench.engine.waitForDrain(of: .runner, atMost: .seconds(3600))
      try await bench.clock.sleeper(until: Sample.time(3600))
      try await bench.end(AttemptID(running))
      #expect(await drained.activity.word == "paused")
      #expect(await bench.engine.waitForDrain(of: .runner, atMost: .seconds(3600)).activity.word == "paused")
      #expect(try await bench.state(waiting) == .queued)
      #expect(await bench.engine.status().isHealthy)
      _ = try await bench.engine.operate(.runner, .resume, by: "ann")
      try await bench.journal.wait(for: "launch \(waiting).1")
    }
  }

  @Test("what can't be is refused by its name")
  func illegal() async throws {
    let bench = Bench()
    try await bench.run {
      func refusal(_ station: Station, _ verb: StationVerb) async throws -> Refusal {
        try await #require(throws: Refusal.self) {
          _ = try await bench.engine.operate(station, verb, by: "ann")
        }
      }
      let notPaused = try await refusal(.handler("work"), .resume)
      #expect(notPaused == Refusal(.conflict, "handler `work` is not paused"))
      _ = try await bench.engine.operate(.runner, .pause, by: "ann")
      let twice = try await refusal(.runner, .pause)
      #expect(twice == Refusal(.conflict, "the runner is paused already, by ann"))
      #expect(try await refusal(.handler("nope"), .pause).kind == .notFound)
      #expect(try await refusal(.group("nope"), .drain).message == "there is no group `nope`")
    }
  }
}
