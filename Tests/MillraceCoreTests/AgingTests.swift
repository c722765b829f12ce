import TestSupport
import Testing

@testable import MillraceCore

@Suite("Aging")
struct AgingTests {
  @Test(
    "behind an endless stream of high priority a low one starts within the difference times the aging",
    arguments: [(1, 10), (5, 6), (3, 9)])
  func bounded(low: Int, high: Int) throws {
    let course = Course(Rig(Rig.policy(slots: 1) { $0.aging = .seconds(600) })) { _ in 60 }
    // Twice as many as can run.
    let stream = (1...Int64(500)).map { Rig.job($0, priority: high, at: $0 * 30) }
    course.arrivals = ([Rig.job(0, priority: low, at: 45)] + stream).sorted { $0.enqueued < $1.enqueued }
    course.run(orStartOf: 0)
    let waited = try #require(course.start(of: 0)) - 45
    let bound = Int64(high - low) * 600
    // Those that come first by rank were submitted within the bound; they take twice as long to run off.
    #expect(waited > bound / 2)
    #expect(waited <= 2 * (bound + 60) + 60)
    // Nobody who came later than the bound overtakes it.
    let overtakers = course.starts.filter { $0.job * 30 > 45 + bound }
    #expect(overtakers.isEmpty)
  }

  @Test("as fast as the stream comes, the wait is the bound and one run")
  func exact() throws {
    let course = Course(Rig(Rig.policy(slots: 1) { $0.aging = .seconds(600) })) { _ in 60 }
    let stream = (1...Int64(300)).map { Rig.job($0, priority: 10, at: $0 * 60) }
    course.arrivals = stream + [Rig.job(0, priority: 4, at: 60)]
    course.arrivals.sort { ($0.enqueued, -$0.priority.rawValue) < ($1.enqueued, -$1.priority.rawValue) }
    course.run(orStartOf: 0)
    let waited = try #require(course.start(of: 0)) - 60
    #expect((3600...3720).contains(waited))
  }

  @Test("a big job behind an endless stream of small ones starts as soon as those before it have run")
  func bigJob() throws {
    let rig = Rig(Rig.policy(memory: .mebibytes(640)))
    let course = Course(rig) { _ in 50 }
    // Ten run at once, and more are submitted than can run.
    let stream = (1...Int64(400)).map { Rig.job($0, at: $0 * 4) }
    let big = Rig.job(5000, at: 400) { $0.limits.memory = .mebibytes(640) }
    course.arrivals = (stream + [big]).sorted { $0.enqueued < $1.enqueued }
    course.run(orStartOf: 5000)
    let start = try #require(course.start(of: 5000))
    // 100 jobs were before it, ten at a time.
    #expect(start <= 100 / 10 * 60 + 60 + 50)
  }

  @Test(
    "a big job is not kept waiting for ever by small ones that run over their learned time", arguments: 0..<3)
  func overruns(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let rig = Rig(Rig.policy(memory: .mebibytes(640)))
    _ = rig.send(.learned((1...200).map { _ in EstimateTests.evidence(64, seconds: 10) }))
    // Mostly 10 s as learned, one in 25 up to its time limit of 10 min.
    let lengths = (0...Int64(1500)).map { _ in random.oneIn(25) ? Int64(600) : 10 }
    let course = Course(rig) { job in job.id.rawValue == 50_000 ? 10 : lengths[Int(job.id.rawValue)] }
    let stream = (1...Int64(1500)).map { Rig.job($0, at: $0 * 3) { $0.timeout = .seconds(600) } }
    let big = Rig.job(50_000, "other", at: 400) {
      $0.limits.memory = .mebibytes(640)
      $0.timeout = .seconds(600)
    }
    course.arrivals = (stream + [big]).sorted { $0.enqueued < $1.enqueued }
    course.run(orStartOf: 50_000)
    let start = try #require(course.start(of: 50_000))
    // Its patience is four of its time limits; whatever runs then has ended after the grace.
    #expect(start <= 400 + 4 * 600 + 5)
  }
}
