import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@Suite("Why a job waits", .timeLimit(.minutes(1)))
struct ExplanationTests {
  @Test("a waiting job is told its gates, its estimate and its predicted start")
  func waiting() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      _ = try await bench.runningJob()
      let job = try await bench.submit()
      let answer = try await bench.engine.explain(job)
      let explanation = try #require(answer.explanation)
      #expect(explanation.gates.filter { !$0.isOpen }.map(\.gate) == [.slots])
      #expect(Set(explanation.gates.map(\.gate)) == Set(GateVerdict.Gate.ofThisMachine))
      #expect(explanation.ahead == 0 && explanation.estimate.memory == .mebibytes(64))
      // The other one has 60 s.
      #expect(answer.forecast?.start == Sample.time(60))
      #expect(answer.attempt == nil && answer.job.id == job)
    }
  }

  @Test("a job that has started is told what admission knew")
  func started() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let first = try await bench.runningJob()
      let job = try await bench.submit()
      try await bench.end(AttemptID(first))
      try await bench.journal.wait(for: "launch \(job).1")
      let answer = try await bench.engine.explain(job)
      #expect(answer.explanation == nil && answer.forecast == nil)
      let admission = try #require(answer.attempt?.admission)
      #expect(admission.demand.memory == .mebibytes(64) && admission.used.slots == 0)
      #expect(admission.heldBy?.gate == .slots)
    }
  }

  @Test("a job that is nowhere is not explained")
  func unknown() async throws {
    let bench = Bench()
    try await bench.run {
      await #expect(throws: Refusal.self) { try await bench.engine.explain(JobID(99)) }
    }
  }

  @Test("a rehearsal settles the job, tells when it would start, and accepts nothing")
  func rehearsal() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let trial = try await bench.engine.rehearse(JobRequest(handler: "work"))
      #expect(trial.submission.terms == Sample.terms && trial.forecast.start == Sample.time(0))
      _ = try await bench.runningJob()
      let later = try await bench.engine.rehearse(JobRequest(handler: "work"))
      #expect(later.forecast.start == Sample.time(60))
      #expect(later.explanation.gates.filter { !$0.isOpen }.map(\.gate) == [.slots])
      #expect(await bench.engine.status().queued == 0)
      #expect(try await bench.store.job(JobID(2)) == nil)
      await #expect(throws: Refusal.self) {
        try await bench.engine.rehearse(JobRequest(handler: "work", wishes: Wishes(memory: .gibibytes(2))))
      }
    }
  }

  @Test("a job gets another priority, and it is on record when that is answered")
  func reprioritise() async throws {
    let bench = Bench(slots: 1)
    try await bench.run {
      let running = try await bench.runningJob()
      let first = try await bench.submit()
      let second = try await bench.submit()
      let high = try #require(Priority(rawValue: 9))
      #expect(try await bench.engine.reprioritise(second, to: high).submission.priority == high)
      #expect(try await bench.store.job(second)?.submission.priority == high)
      try await bench.end(AttemptID(running))
      try await bench.journal.wait(for: "launch \(second).1")
      #expect(!bench.journal.has("launch \(first).1"))
      await #expect(throws: Refusal.self) { try await bench.engine.reprioritise(running, to: high) }
      await #expect(throws: Refusal.self) { try await bench.engine.reprioritise(JobID(99), to: high) }
    }
  }
}
