import TestSupport
import Testing

@testable import MillraceCore

@Suite("What runs and what waits")
struct TopTests {
  private func queued(_ rig: Rig, _ count: Int = 100) -> [Int64] {
    rig.scheduler.top(queued: count, at: Sample.time(rig.seconds)).queued.map(\.id.rawValue)
  }

  @Test("attempts are told with what was measured of them, by number")
  func running() throws {
    let rig = Rig()
    rig.run(Rig.job(2), Rig.job(1, "other"))
    _ = rig.send(.submitted([Rig.job(3)]))
    for second in [1, 2] as [Int64] {
      let usage = UsageSample(workingSet: .mebibytes(7), cpu: .milliseconds(500 * second))
      _ = rig.sample([AttemptID.id(2): usage], at: second)
    }
    let running = rig.scheduler.top(queued: 0, at: Sample.time(2)).running
    #expect(running.map(\.id) == [AttemptID.id(1), AttemptID.id(2), AttemptID.id(3)])
    #expect(running.map(\.handler) == ["other", "work", "work"])
    #expect(running.map(\.memory) == [nil, .mebibytes(7), nil])
    #expect(running.map(\.cpuMillis) == [nil, 500, nil])
    #expect(running.map(\.started) == [Sample.time(0), Sample.time(0), nil])
    #expect(running.allSatisfy { $0.limits == Sample.terms.limits && $0.stop == nil })
    _ = rig.send(.cancel(JobID(2)))
    #expect(rig.scheduler.top(queued: 0, at: Sample.time(2)).running[1].stop == .cancelled)
  }

  @Test("jobs stand in the order of rank over all handlers, each with its first closed gate")
  func rank() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1))
    rig.run(Rig.job(2), Rig.job(3, "other"), Rig.job(4, priority: 9), Rig.job(5, "unknown"), Rig.job(6))
    rig.run(Rig.job(7, notBefore: 99))
    #expect(queued(rig) == [4, 2, 3, 5, 6])
    #expect(queued(rig, 3) == [4, 2, 3])
    #expect(queued(rig, 0) == [])
    let gates = rig.scheduler.top(queued: 9, at: Sample.time(0)).queued.map(\.gate?.gate)
    #expect(gates == [.slots, .slots, .slots, .handler, .slots])
    let first = rig.scheduler.top(queued: 1, at: Sample.time(0)).queued.first
    #expect(first?.gate == rig.verdicts(4).first { !$0.isOpen })
  }

  @Test("in a group with the order of submission each job stands behind the one before it")
  func line() {
    let rig = Rig(Rig.policy(slots: 1) { $0.groups = ["line": GroupRules(concurrency: 1, order: .fifo)] })
    rig.run(Rig.job(1))
    func job(_ number: Int64, priority: Int) -> WaitingJob {
      var job = Rig.job(number, priority: priority)
      job.group = "line"
      return job
    }
    rig.run(job(2, priority: 3), job(3, priority: 9), Rig.job(4), Rig.job(5, priority: 1))
    #expect(queued(rig) == [4, 2, 3, 5])
  }

  @Test("jobs that can never fit and those on hold come last")
  func last() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1))
    var held = Rig.job(2, priority: 10)
    held.isHeld = true
    rig.run(held, Rig.job(3) { $0.limits.memory = .gibibytes(99) }, Rig.job(4))
    let top = rig.scheduler.top(queued: 9, at: Sample.time(0)).queued
    #expect(top.map(\.id.rawValue) == [4, 3, 2])
    #expect(top.last?.id == JobID(2) && top.last?.isHeld == true && top.last?.gate?.gate != nil)
    #expect(queued(rig, 1).count == 1)
  }
}
