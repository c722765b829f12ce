import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Keys", .timeLimit(.minutes(1)))
struct KeyTests {
  private func request(_ key: JobKey?, unique: Bool = false, text: String? = nil) -> JobRequest {
    var request = JobRequest(handler: "work", parameters: text.map { ["text": .string($0)] } ?? [:])
    request.key = key
    request.isUnique = unique
    return request
  }

  @Test("the same key gives the same job, which is started once")
  func same() async throws {
    let bench = Bench()
    try await bench.run {
      let first = try await bench.engine.accept([request(JobKey("k"))])
      #expect(first.map(\.isNew) == [true])
      try await bench.journal.wait(for: "launch 1.1")
      try await bench.start(AttemptID(JobID(1)))
      #expect(try await bench.engine.accept([request(JobKey("k"))]).map(\.isNew) == [false])
      try await bench.end(AttemptID(JobID(1)))
      let late = try await bench.engine.accept([request(JobKey("k"))])
      #expect(late == [Acceptance(job: JobID(1), isNew: false, state: .succeeded)])
      try await bench.settle()
      #expect(!bench.journal.has("launch 1.2") && !bench.journal.has("launch 2.1"))
    }
  }

  @Test("it holds within one batch, too, and counts once in the queue")
  func batch() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let running = try await bench.runningJob()
      let accepted = try await bench.engine.accept([
        request(JobKey("a")), request(JobKey("a")), request(nil), request(JobKey("a")),
      ])
      #expect(accepted.map(\.isNew) == [true, false, true, false])
      #expect(accepted[0].job == accepted[1].job && accepted[0].job == accepted[3].job)
      #expect(await bench.engine.status().queued == 2)
      try await bench.end(AttemptID(running))
    }
  }

  @Test("a unique job is the same until it has ended, whatever the order of its parameters")
  func unique() async throws {
    let bench = Bench()
    try await bench.run {
      let first = try await bench.engine.accept([request(nil, unique: true, text: "x")])[0]
      #expect(try await bench.engine.accept([request(nil, unique: true, text: "x")])[0].job == first.job)
      #expect(try await bench.engine.accept([request(nil, unique: true, text: "y")])[0].isNew)
      try await bench.journal.wait(for: "launch 1.1")
      try await bench.start(AttemptID(first.job))
      #expect(!(try await bench.engine.accept([request(nil, unique: true, text: "x")])[0].isNew))
      try await bench.end(AttemptID(first.job))
      #expect(try await bench.engine.accept([request(nil, unique: true, text: "x")])[0].isNew)
    }
  }

  @Test("a bad key or group is refused with the place in the batch")
  func bad() async throws {
    let bench = Bench()
    try await bench.run {
      let refusal = try await #require(throws: Refusal.self) {
        try await bench.engine.submit([request(nil), request(JobKey(""))])
      }
      #expect(refusal.kind == .invalid && refusal.index == 1)
      var other = request(nil)
      other.group = "No Name"
      await #expect(throws: Refusal.self) { try await bench.engine.submit([other]) }
    }
  }
}
