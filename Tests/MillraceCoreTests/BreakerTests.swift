import TestSupport
import Testing

@testable import MillraceCore

@Suite("The breaker of a handler")
struct BreakerTests {
  private static var rules: BreakerRules {
    var rules = BreakerRules()
    (rules.failures, rules.coolDown, rules.longestCoolDown) = (3, .seconds(10), .seconds(25))
    return rules
  }

  private func rig(_ rules: BreakerRules = BreakerTests.rules) -> Rig {
    Rig(handlers: ["work": HandlerRules(build: "a", breaker: rules), "other": HandlerRules()])
  }

  private func standings(_ actions: [Action]) -> [BreakerStanding] {
    actions.compactMap { if case .breaker(let standing) = $0 { standing } else { nil } }
  }

  /// Lets so many jobs fail, each once; returns what is said of the breaker.
  @discardableResult
  private func fail(_ jobs: ClosedRange<Int64>, _ rig: Rig, _ report: AttemptReport = .failure)
    -> [BreakerStanding]
  {
    jobs.flatMap { number in
      rig.run(Rig.job(number) { $0.maxAttempts = 1 })
      return standings(rig.send(.ended(.id(number), report)))
    }
  }

  @Test("opens after so many failures in a row, lets one try after a while, and a success closes it")
  func course() {
    let rig = rig()
    #expect(fail(1...2, rig) == [])
    let opened = fail(3...3, rig)
    #expect(opened.map(\.phase) == [.open])
    #expect(opened.map(\.opensAt) == [Sample.time(10)])
    #expect(rig.run(Rig.job(4), Rig.job(5), Rig.job(6, "other")) == [.id(6)])
    #expect(rig.closedGates(4) == [.breaker])
    #expect(rig.verdicts(4).first { $0.gate == .breaker }?.opensAt == Sample.time(10))
    #expect(rig.reason(.breaker, 4) == "3 of its handler failed, the breaker is open")
    #expect(rig.scheduler.nextTime == Sample.time(10))
    #expect(rig.confirm(rig.send(.timer, at: 10)) == [.id(4)])
    #expect(rig.closedGates(5).contains(.breaker))
    #expect(rig.scheduler.breakers.map(\.phase) == [.probing])
    let actions = rig.end(.id(4))
    #expect(standings(actions).map(\.phase) == [.closed])
    #expect(actions.started == [.id(5)])
  }

  @Test("an attempt that was to try it and could not be put on record leaves that to the next")
  func withdrawn() {
    let rig = rig()
    fail(1...3, rig)
    rig.run(Rig.job(4), Rig.job(5))
    #expect(rig.send(.timer, at: 10).started == [.id(4)])
    #expect(rig.send(.withdrawn([JobID(4)])).started == [.id(5)])
    #expect(rig.scheduler.breakers.map(\.phase) == [.probing])
  }

  @Test("stays open for longer each time that the try fails, up to a bound")
  func coolDowns() {
    let rig = rig()
    fail(1...3, rig)
    rig.run(Rig.job(4) { ($0.maxAttempts, $0.retryDelay) = (10, .zero) })
    var times: [Int64] = []
    var opensAt: Int64 = 10
    for number in 1...3 {
      #expect(rig.confirm(rig.send(.timer, at: opensAt)) == [.id(4, number)])
      let opened = standings(rig.send(.ended(.id(4, number), .failure)))
      opensAt = opened.first?.opensAt?.seconds ?? 0
      times.append(opensAt - rig.seconds)
    }
    #expect(times == [20, 25, 25])
  }

  @Test(
    "counts no end that others caused, and no input that the handler refuses for good",
    arguments: [
      AttemptReport.pressure, .unknown,
      AttemptReport(
        exit: .exited(code: 1), usage: Usage(),
        word: .failed(Failure(code: "bad", message: "no picture", isRetryable: false))),
      AttemptReport(exit: .exited(code: 0), usage: Usage(), word: .snoozed(after: .seconds(1), reason: nil)),
    ])
  func neutral(report: AttemptReport) {
    let rig = rig()
    #expect(fail(1...9, rig, report) == [])
    #expect(rig.scheduler.breakers == [])
  }

  @Test("one job that fails again and again does not hold the others up")
  func oneJob() {
    let rig = rig()
    rig.run(Rig.job(1) { ($0.maxAttempts, $0.retryDelay) = (100, .zero) })
    for number in 1...20 {
      #expect(standings(rig.send(.ended(.id(1, number), .failure))) == [])
      rig.confirm(rig.send(.timer))
    }
  }

  @Test("opens at a part of the last attempts, if that counts")
  func rate() {
    var rules = Self.rules
    (rules.failures, rules.rate, rules.window) = (100, 0.5, 4)
    let rig = rig(rules)
    #expect(fail(1...1, rig) == [])
    rig.run(Rig.job(2), Rig.job(3))
    rig.end(.id(2))
    rig.end(.id(3))
    #expect(fail(4...4, rig).map(\.phase) == [.open])
  }

  @Test("a try that tells nothing lets the next one try")
  func neutralTry() {
    let rig = rig()
    fail(1...3, rig)
    rig.run(Rig.job(4), Rig.job(5))
    rig.confirm(rig.send(.timer, at: 10))
    let actions = rig.send(.ended(.id(4), .unknown))
    #expect(standings(actions) == [])
    #expect(actions.started == [.id(5)])
  }

  @Test("a try that ends while its handler is gone is not waited for")
  func goneHandler() {
    let rig = rig()
    fail(1...3, rig)
    rig.run(Rig.job(4), Rig.job(5))
    rig.confirm(rig.send(.timer, at: 10))
    _ = rig.send(.handlers([:]))
    #expect(standings(rig.end(.id(4))).map(\.phase) == [.closed])
    #expect(rig.send(.handlers(["work": HandlerRules(build: "a", breaker: Self.rules)])).started == [.id(5)])
  }

  @Test("a new build begins with a closed breaker, and so does a reset one")
  func anew() {
    let rig = rig()
    fail(1...3, rig)
    rig.run(Rig.job(4))
    #expect(rig.closedGates(4) == [.breaker])
    let actions = rig.send(.handlers(["work": HandlerRules(build: "b", breaker: Self.rules)]))
    #expect(standings(actions).map(\.phase) == [.closed])
    #expect(rig.confirm(actions) == [.id(4)])
    fail(5...7, rig)
    #expect(rig.run(Rig.job(8)) == [])
    let reset = rig.send(.resetBreaker("work"))
    #expect(standings(reset).map(\.phase) == [.closed])
    #expect(reset.started == [.id(8)])
    #expect(rig.send(.resetBreaker("work")) == [] && rig.send(.resetBreaker("unknown")) == [])
  }

  @Test("stays open in the next runner, which knows the attempt that tries")
  func restored() {
    func restart(adopting: Bool) -> Rig {
      let rig = Rig(handlers: [:])
      let standing = BreakerStanding(
        handler: "work", build: "a", phase: .open, failures: 3, opensAt: Sample.time(10), times: 1)
      _ = rig.send(.breakers([standing]), at: 12)
      if adopting {
        _ = rig.send(
          .adopted(Adoption(job: Rig.job(1), number: 1, build: "a", started: Sample.time(11))))
      }
      _ = rig.send(.handlers(["work": HandlerRules(build: "a", breaker: Self.rules)]))
      return rig
    }
    #expect(restart(adopting: false).run(Rig.job(2), Rig.job(3)) == [.id(2)])
    let rig = restart(adopting: true)
    #expect(rig.run(Rig.job(2)) == [])
    #expect(standings(rig.end(.id(1))).map(\.phase) == [.closed])
  }

  /// What `handle` refuses: a second try while one is under way.
  @Test("handles every event in every phase, but a second try")
  func everyPair() {
    var open = Breaker(
      BreakerStanding(handler: "work", build: "a", phase: .open, failures: 3, opensAt: Sample.time(1)))
    let closed = Breaker(build: "a")
    var probing = open
    _ = probing.handle(.began, Self.rules, at: Sample.time(2))
    let events: [Breaker.Event] = [
      .began, .adopted(started: Sample.time(0)), .adopted(started: Sample.time(3)), .reset,
      .ended(.success, JobID(1), admitted: Sample.time(2)),
      .ended(.failure, JobID(1), admitted: Sample.time(2)),
      .ended(.nothing, JobID(1), admitted: Sample.time(2)),
      .ended(.failure, JobID(1), admitted: Sample.time(0)),
    ]
    for breaker in [closed, open, probing] {
      for event in events {
        if case (.probing, .began) = (breaker.phase, event) { continue }
        var next = breaker
        _ = next.handle(event, Self.rules, at: Sample.time(3))
      }
    }
    let isNews = open.handle(.reset, Self.rules, at: Sample.time(3))
    #expect(isNews)
  }
}

extension Timestamp {
  /// Seconds after `Sample.time(0)`.
  fileprivate var seconds: Int64 { (self - Sample.time(0)).microseconds / 1_000_000 }
}
