import TestSupport
import Testing

@testable import MillraceCore

@Suite("A rate")
struct RateTests {
  @Test(
    "is read as people write it",
    arguments: [
      ("5/min", 5, 60), ("5/m", 5, 60), ("100/h", 100, 3600), ("1/hour", 1, 3600), ("3/day", 3, 86_400),
      ("3/d", 3, 86_400), ("2/s", 2, 1), ("2/sec", 2, 1), ("1/10s", 1, 10), ("7/1h30m", 7, 5400),
      ("10000/w", nil, nil), ("10000/1w", 10_000, 604_800), ("1/36525d", 1, 36_525 * 86_400),
    ] as [(String, Int?, Int64?)])
  func good(text: String, count: Int?, seconds: Int64?) {
    let rate = Rate(text: text)
    #expect(rate?.count == count)
    #expect(rate?.span == seconds.map { .seconds($0) })
  }

  @Test(
    "is refused where it is none",
    arguments: [
      "", "/", "5", "5/", "/min", "0/min", "-1/min", "+1/min", "5/min/min", "5 /min", "5/ min", "nan/min",
      "inf/s", "1.5/min", "1e3/min", "10001/s", "99999999999999999999/s", "1/0s", "1/-5s", "1/nan",
      "1/36526d", "1/99999999999999999999d", "5/fortnight", "٣/min",
    ])
  func bad(text: String) {
    #expect(Rate(text: text) == nil)
  }

  @Test("says itself as people read it")
  func text() {
    #expect(Rate(text: "5/min")?.text == "5 in 1 min 0 s")
  }

  @Test(
    "no span ever sees more starts than it may, and a timer wakes as soon as it may be", arguments: 0..<10)
  func spans(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let rate = try #require(Rate(text: "3/10s"))
    let rig = Rig(handlers: ["work": HandlerRules(rate: rate)])
    let course = Course(rig) { _ in 1 }
    var time: Int64 = 0
    course.arrivals = (1...Int64(100)).map { number in
      time += Int64.random(in: 0...6, using: &random)
      return Rig.job(number, at: time)
    }
    let submitted = course.arrivals.map { ($0.enqueued - Sample.time(0)).microseconds / 1_000_000 }
    course.run()
    let starts = course.starts.map(\.seconds)
    #expect(course.starts.map(\.job) == Array(1...100))
    for place in 3..<starts.count {
      #expect(starts[place] - starts[place - 3] >= 10)
      // Not a second later than it must be.
      #expect(starts[place] == max(submitted[place], starts[place - 3] + 10, starts[place - 1]))
    }
  }

  @Test("holds back its own handler only")
  func others() {
    let rig = Rig(handlers: ["work": HandlerRules(rate: Rate(text: "1/min")), "other": HandlerRules()])
    #expect(rig.run(Rig.job(1), Rig.job(2), Rig.job(3, "other")) == [.id(1), .id(3)])
    #expect(rig.closedGates(2) == [.rate])
    #expect(rig.scheduler.nextTime == Sample.time(60))
    rig.end(.id(1), at: 30)
    #expect(rig.send(.timer, at: 59).started == [])
    #expect(rig.send(.timer, at: 60).started == [.id(2)])
  }

  @Test("of a group counts the starts of all of its handlers")
  func group() {
    let policy = Rig.policy {
      $0.groups = ["net": GroupRules(rate: Rate(text: "2/min"))]
      $0.groupOf = ["work": "net", "other": "net"]
    }
    let rig = Rig(policy)
    #expect(rig.run(Rig.job(1), Rig.job(2, "other"), Rig.job(3), Rig.job(4, "other")).count == 2)
    #expect(rig.closedGates(3) == [.rate])
    #expect(rig.send(.timer, at: 60).started == [.id(3), .id(4)])
  }

  @Test("counts failures and retries like any start")
  func retries() {
    let rig = Rig(handlers: ["work": HandlerRules(rate: Rate(text: "2/min"))])
    rig.run(Rig.job(1))
    _ = rig.send(.ended(.id(1), .crash))
    #expect(rig.confirm(rig.send(.timer, at: 1)) == [.id(1, 2)])
    _ = rig.send(.ended(.id(1, 2), .crash))
    #expect(rig.send(.timer, at: 3).started == [])
    #expect(rig.scheduler.nextTime == Sample.time(60))
    #expect(rig.send(.timer, at: 60).started == [.id(1, 3)])
  }

  @Test("remembers what a former runner started")
  func restart() {
    let rig = Rig(handlers: [:])
    let evidence = ([-50, -20] as [Int64]).map { seconds in
      Evidence(
        handler: "work", jobClass: nil, build: "", started: Sample.time(seconds), memoryPeak: nil, cpu: nil,
        duration: .seconds(1), timeToPeak: nil)
    }
    _ = rig.send(.learned(evidence.reversed()))
    _ = rig.adopt(Rig.job(1), number: 1, started: -30)
    _ = rig.send(.handlers(["work": HandlerRules(rate: Rate(text: "3/min"))]))
    #expect(rig.run(Rig.job(2)) == [])
    #expect(rig.scheduler.nextTime == Sample.time(10))
    #expect(rig.send(.timer, at: 10).started == [.id(2)])
  }

  @Test("that is changed counts the starts there were")
  func changed() {
    func rules(_ text: String) -> [String: HandlerRules] {
      ["work": HandlerRules(rate: Rate(text: text))]
    }
    let rig = Rig(handlers: rules("4/min"))
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3), Rig.job(4))
    _ = rig.send(.submitted([Rig.job(5), Rig.job(6), Rig.job(7)]), at: 35)
    #expect(rig.scheduler.nextTime == Sample.time(60))
    _ = rig.send(.handlers(rules("2/min")))
    #expect(rig.send(.timer, at: 60).started == [.id(5), .id(6)])
    #expect(rig.send(.handlers(rules("3/min")), at: 61).started == [.id(7)])
    #expect(rig.run(Rig.job(8)) == [])
  }
}
