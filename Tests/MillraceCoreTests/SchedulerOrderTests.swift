import TestSupport
import Testing

@testable import MillraceCore

@Suite("The order of jobs")
struct SchedulerOrderTests {
  /// Starts jobs one after another on one slot; returns them in the order of their starts.
  private func order(_ jobs: [WaitingJob], reversed: Bool = false) -> [Int64] {
    let rig = Rig(Rig.policy(slots: 1))
    _ = rig.send(.handlers([:]))
    _ = rig.send(.submitted(reversed ? jobs.reversed() : jobs))
    var order: [Int64] = []
    var actions = rig.send(.handlers(Rig.handlers))
    while let id = actions.started.first {
      #expect(actions.started.count == 1)
      order.append(id.job.rawValue)
      _ = rig.send(.started(id))
      actions = rig.send(.ended(id, .success))
    }
    return order
  }

  @Test("equal jobs run in the order of their numbers", arguments: [false, true])
  func equal(reversed: Bool) {
    #expect(order([Rig.job(1), Rig.job(2), Rig.job(3)], reversed: reversed) == [1, 2, 3])
  }

  @Test("older jobs run first, also those of another handler")
  func age() {
    #expect(order([Rig.job(1, at: 30), Rig.job(2, "other", at: 10), Rig.job(3, at: 20)]) == [2, 3, 1])
  }

  @Test("a higher priority runs first")
  func priority() {
    #expect(order([Rig.job(1, priority: 1), Rig.job(2, priority: 10), Rig.job(3)]) == [2, 3, 1])
  }

  @Test("one step of priority is worth exactly the aging, 30 minutes")
  func step() {
    #expect(order([Rig.job(1, priority: 5), Rig.job(2, priority: 6, at: 1801)]) == [1, 2])
    #expect(order([Rig.job(1, priority: 5), Rig.job(2, priority: 6, at: 1799)]) == [2, 1])
    // Equal ranks: the job that was accepted first.
    #expect(order([Rig.job(1, priority: 5), Rig.job(2, priority: 6, at: 1800)]) == [1, 2])
    #expect(order([Rig.job(1, priority: 1), Rig.job(2, priority: 10, at: 9 * 1800 - 1)]) == [2, 1])
    #expect(order([Rig.job(1, priority: 1), Rig.job(2, priority: 10, at: 9 * 1800 + 1)]) == [1, 2])
  }

  @Test("the order is the same whenever the jobs get their turn", arguments: [1, 1799, 1801, 100_000])
  func constant(later: Int64) {
    let jobs = (1...20).map {
      Rig.job($0, $0 % 3 == 0 ? "other" : "work", priority: Int($0 * 7 % 10) + 1, at: $0 * 300)
    }
    let rig = Rig(Rig.policy(slots: 1))
    _ = rig.send(.handlers([:]))
    _ = rig.send(.submitted(jobs), at: 6000)
    var order: [Int64] = []
    var actions = rig.send(.handlers(Rig.handlers), at: 6000 + later)
    while let id = actions.started.first {
      order.append(id.job.rawValue)
      _ = rig.send(.started(id))
      actions = rig.send(.ended(id, .success), at: rig.seconds + later)
    }
    #expect(order == self.order(jobs))
  }

  @Test("nothing starves: a job of the lowest priority runs although one of the highest comes every minute")
  func noStarvation() {
    let rig = Rig(Rig.policy(slots: 1))
    var actions = rig.send(.submitted([Rig.job(1), Rig.job(2, priority: 1)]))
    var next: Int64 = 3
    while actions.startedJobs != [2], rig.seconds < 100_000 {
      guard let id = actions.started.first else { break }
      _ = rig.send(.started(id))
      let new = Rig.job(next, priority: 10, at: rig.seconds + 60)
      next += 1
      #expect(rig.send(.submitted([new]), at: rig.seconds + 60) == [])
      actions = rig.send(.ended(id, .success))
    }
    #expect(actions.startedJobs == [2])
    #expect(rig.seconds >= 9 * 1800 && rig.seconds <= 9 * 1800 + 120)
  }

  @Test("by `slowdown` short jobs come sooner, but nobody stands back for more than 20 mean run times")
  func slowdown() {
    func order(_ jobs: [WaitingJob]) -> [Int64] {
      let rig = Rig(Rig.policy(slots: 1) { $0.order = .slowdown }, handlers: [:])
      let evidence = [("work", 100), ("other", 10)].flatMap { handler, seconds in
        (1...20).map { _ in EstimateTests.evidence(nil, seconds: Int64(seconds), handler: handler) }
      }
      _ = rig.send(.learned(evidence))
      _ = rig.send(.submitted(jobs))
      var ids = rig.confirm(rig.send(.handlers(Rig.handlers)))
      while let last = ids.last, ids.count < jobs.count { ids += rig.confirm(rig.end(last)) }
      return ids.map(\.job.rawValue)
    }
    // The mean run is 55 s: `work` (60 s at most) stands back 20 × 55 s, `other` 20 × 10 s.
    #expect(order([Rig.job(1, "work", at: 0), Rig.job(2, "other", at: 800)]) == [2, 1])
    #expect(order([Rig.job(1, "work", at: 0), Rig.job(2, "other", at: 1000)]) == [1, 2])
    #expect(order([Rig.job(1, "work", priority: 6, at: 0), Rig.job(2, "other", at: 100)]) == [1, 2])
  }

  @Test("a retried job keeps its place")
  func retry() {
    let rig = Rig(Rig.policy(slots: 1))
    let first = rig.run(Rig.job(1, at: 0))
    _ = rig.send(.submitted([Rig.job(2, at: 1), Rig.job(3, at: 2)]), at: 2)
    #expect(first == [.id(1)])
    var actions = rig.send(.ended(.id(1), .crash), at: 3)
    #expect(actions.startedJobs == [2])
    _ = rig.send(.started(.id(2)))
    #expect(rig.send(.timer, at: 4) == [.due(JobID(1))])
    actions = rig.send(.ended(.id(2), .success), at: 5)
    #expect(actions.started == [.id(1, 2)])
  }
}
