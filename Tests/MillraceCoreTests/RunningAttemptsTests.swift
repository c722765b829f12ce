import TestSupport
import Testing

@testable import MillraceCore

@Suite("What runs, here and there")
struct RunningAttemptsTests {
  private static func attempt(_ job: Int64, _ place: Place) -> RunningAttempt {
    let waiting = Rig.job(job)
    return RunningAttempt(
      id: .id(job), job: waiting, place: place, build: "", groups: [], admitted: Sample.time(0),
      estimate: Rig.estimate(of: waiting))
  }

  @Test("each is in its place, until it has ended")
  func places() {
    var running = RunningAttempts()
    #expect(running.isEmpty)
    running[.id(2)] = Self.attempt(2, .slurm)
    running[.id(1)] = Self.attempt(1, .local)
    #expect(running.ids == [.id(1), .id(2)] && running.count == 2)
    #expect(Array(running.here.keys) == [.id(1)] && Array(running.there.keys) == [.id(2)])
    #expect(running[.id(2)]?.place == .slurm && running[.id(3)] == nil)
    running[.id(1)] = nil
    running[.id(3)] = nil
    #expect(running.all.map(\.id) == [.id(2)] && running.here.isEmpty)
    running[.id(2)] = nil
    #expect(running.isEmpty)
  }

  @Test("knows of each when time alone changes it, whatever becomes of it")
  func times() {
    var random = SeededGenerator(seed: 1)
    var running = RunningAttempts()
    for second in 0..<3000 as Range<Int64> {
      let id = AttemptID.id(Int64.random(in: 1...30, using: &random))
      let now = Sample.time(second)
      switch Int.random(in: 0..<6, using: &random) {
      case 0 where running[id] == nil:
        running[id] = Self.attempt(id.job.rawValue, random.oneIn(2) ? .local : .slurm)
      case 1: running[id] = nil
      case 2: _ = running[id]?.handle(.stopRequested(.cancelled), at: now)
      case 3 where running[id]?.started == nil: _ = running[id]?.handle(.started, at: now)
      case 4: _ = running[id]?.handle(.freezeRequested, at: now)
      default: _ = running[id]?.handle(.timer, at: now)
      }
      let times = running.all.compactMap { attempt in attempt.nextTime.map { (attempt.id, $0) } }
      #expect(running.nextTime == times.map(\.1).min())
      #expect(running.due(at: now) == times.filter { $0.1 <= now }.map(\.0).sorted())
    }
  }
}
