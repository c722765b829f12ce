import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("The whole picture", .timeLimit(.minutes(1)))
struct TopTests {
  @Test("has the state, what runs, and what waits")
  func picture() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let running = try await bench.runningJob()
      let waiting = try await bench.submit("other")
      let last = try await bench.submit()
      let top = await bench.engine.top(queued: 1)
      #expect(top.status == (await bench.engine.status()))
      #expect(top.top.running.map(\.id) == [AttemptID(running)])
      #expect(top.top.queued.map(\.id) == [waiting] && top.top.queued[0].gate?.gate == .slots)
      #expect(await bench.engine.top(queued: 9).top.queued.map(\.id) == [waiting, last])
      try await bench.end(AttemptID(running))
      #expect(await bench.engine.top(queued: 9).progress[running] == nil)
    }
  }

  @Test("has the newest progress")
  func progress() async throws {
    let bench = Bench()
    try await bench.run {
      let job = try await bench.runningJob()
      let half = Progress(fraction: 0.5, message: "half")
      bench.launcher.say(.progress(AttemptID(job), half))
      // Events are taken in order.
      _ = try await bench.runningJob()
      #expect(await bench.engine.top(queued: 0).progress == [job: half])
    }
  }
}
