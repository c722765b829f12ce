import TestSupport
import Testing

@testable import MillraceCore

@Suite("A forecast")
struct ForecastTests {
  @Test("is exact when every attempt takes its declared time", arguments: 0..<6)
  func exact(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let rig = Rig(Rig.policy(slots: 6, memory: .mebibytes(400)) { $0.learning.isOn = false })
    let course = Course(rig) { $0.terms.timeout.microseconds / 1_000_000 }
    course.arrivals = (1...Int64(40)).map { number in
      Rig.job(
        number, random.oneIn(2) ? "work" : "other", priority: Int.random(in: 1...10, using: &random),
        notBefore: random.oneIn(5) ? Int64.random(in: 1...300, using: &random) : nil
      ) {
        $0.limits.memory = .mebibytes(Int64.random(in: 10...300, using: &random))
        $0.timeout = .seconds(Int64.random(in: 1...200, using: &random))
      }
    }
    course.run(until: 0)
    let predicted = (1...Int64(40)).map { rig.forecast($0).start }
    course.run()
    for (job, start) in zip(1...Int64(40), predicted) {
      #expect(course.start(of: job) == start.map { ($0 - Sample.time(0)).microseconds / 1_000_000 })
    }
  }

  @Test("counts with learned run times, and says on what it rests")
  func learned() {
    let rig = Rig(Rig.policy(slots: 1))
    _ = rig.send(.learned((1...20).map { _ in EstimateTests.evidence(nil, seconds: 7) }))
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3))
    #expect(rig.forecast(1) == Forecast(start: Sample.time(0), basis: "it runs"))
    #expect(rig.forecast(2).start == Sample.time(7))
    #expect(rig.forecast(2).basis.hasPrefix("if 1 attempt ends as expected (learned run times, else time"))
    #expect(rig.forecast(3).basis.hasPrefix("if 2 attempts end as expected"))
    #expect(rig.forecast(3).start == Sample.time(14))
    // It has run over its learned time: now its time limit is certain.
    _ = rig.send(.timer, at: 10)
    #expect(rig.forecast(2).start == Sample.time(60))
  }

  @Test("knows times, rates and the distance between starts")
  func times() {
    let rig = Rig(
      Rig.policy { $0.stagger = .seconds(3) },
      handlers: ["work": HandlerRules(rate: Rate(text: "1/min")), "other": HandlerRules()])
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3, "other", notBefore: 100), Rig.job(4, "other"))
    #expect(rig.forecast(2).start == Sample.time(60))
    #expect(rig.forecast(3).start == Sample.time(100))
    #expect(rig.forecast(4) == Forecast(start: Sample.time(3), basis: "by its time and the rates alone"))
  }

  @Test("looks ahead no further than its bound")
  func bound() {
    let rig = Rig(Rig.policy(slots: 1))
    _ = rig.send(.submitted((1...50).map { Rig.job($0) }))
    #expect(rig.forecast(50).start == Sample.time(49 * 60))
    #expect(
      rig.forecast(50, atMost: 10)
        == Forecast(start: nil, basis: "it is more than 10 ends of other attempts away"))
  }

  @Test("is none where none can be told, and says why")
  func none() {
    func basis(_ prepare: (Rig) -> Void, handlers: [String: HandlerRules] = Rig.handlers) -> String {
      let rig = Rig(Rig.policy(slots: 1, memory: .mebibytes(1000)), handlers: handlers)
      rig.run(Rig.job(1, "other"), Rig.job(2))
      prepare(rig)
      #expect(rig.forecast(2).start == nil)
      return rig.forecast(2).basis
    }
    #expect(basis { _ = $0.send(.cancel(JobID(2))) } == "it does not wait")
    #expect(basis { _ = $0.send(.drain) } == "the runner is shutting down")
    #expect(basis({ _ in }, handlers: ["other": HandlerRules()]) == "no plugin in use has its handler")
    #expect(
      basis { $0.sample([:], MachineSample(treeMemory: .mebibytes(950))) }
        == "memory is critically short, nobody knows for how long")
    let never = ["work": HandlerRules(concurrency: 0), "other": HandlerRules()]
    #expect(basis({ _ in }, handlers: never) == "no end and no time is known that would open its gates")
    let rig = Rig(Rig.policy(memory: .mebibytes(10)))
    rig.run(Rig.job(1))
    #expect(
      rig.forecast(1) == Forecast(start: nil, basis: "it is expected to need more than the runner has"))
  }

  @Test("of a job that is not submitted yet changes nothing")
  func ofNew() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2))
    #expect(rig.scheduler.forecast(ofNew: Rig.job(99), at: rig.now).start == Sample.time(120))
    #expect(rig.scheduler.forecast(ofNew: Rig.job(99, priority: 9), at: rig.now).start == Sample.time(60))
    #expect(rig.scheduler.queuedCount == 1)
    #expect(rig.scheduler.statistics(of: "work") == [])
  }

  @Test("does not take a forecast's ends for evidence")
  func noEvidence() {
    let rig = Rig(Rig.policy(slots: 1))
    _ = rig.send(.learned((1...4).map { _ in EstimateTests.evidence(nil, seconds: 7) }))
    _ = rig.send(.submitted((1...10).map { Rig.job($0) }))
    // Four are too few: with its own guesses taken for a fifth it would go on by them.
    #expect(rig.forecast(10).start == Sample.time(9 * 60))
  }

  @Test("ends although a handler has many times before it and never opens")
  func manyTimes() {
    let rig = Rig(handlers: ["other": HandlerRules(), "work": HandlerRules(concurrency: 0)])
    _ = rig.send(.submitted((1...500).map { Rig.job($0, notBefore: $0) }))
    _ = rig.send(.submitted([Rig.job(1000)]))
    #expect(rig.forecast(1000).start == nil)
    #expect(rig.forecast(1000, atMost: 10).basis == "it is more than 10 ends of other attempts away")
  }

  @Test("a job that is not submitted yet would start at once where every gate is open")
  func new() {
    let rig = Rig(Rig.policy(slots: 1))
    let now = Sample.time(0)
    #expect(
      rig.scheduler.forecast(ofNew: Rig.job(1), at: now) == Forecast(start: now, basis: "every gate is open"))
    rig.run(Rig.job(1))
    #expect(rig.scheduler.forecast(ofNew: Rig.job(2), at: now).start == Sample.time(60))
    #expect(!rig.scheduler.knows(JobID(2)))
  }
}
