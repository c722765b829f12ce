import TestSupport
import Testing

@testable import MillraceCore

@Suite("Groups that jobs choose")
struct SerialGroupTests {
  private func job(
    _ number: Int64, _ handler: String = "work", in group: String = "line", priority: Int = 5,
    notBefore: Int64? = nil
  ) -> WaitingJob {
    var job = Rig.job(number, handler, priority: priority, notBefore: notBefore)
    job.group = group
    return job
  }

  @Test("one that is not configured runs one job at a time in the order of submission, over all handlers")
  func serial() {
    let rig = Rig()
    #expect(rig.run(job(1), job(2, "other", priority: 10), job(3), Rig.job(4)) == [.id(1), .id(4)])
    #expect(rig.closedGates(2) == [.group])
    #expect(rig.reason(.group, 2) == "job 1 of group `line` runs, 1 may")
    #expect(rig.verdicts(2).first { $0.gate == .group }?.job == JobID(1))
    #expect(rig.confirm(rig.end(.id(1))) == [.id(2)])
    #expect(rig.confirm(rig.end(.id(2))) == [.id(3)])
    #expect(rig.end(.id(3)).started == [])
  }

  @Test("other groups go on beside it")
  func beside() {
    let rig = Rig()
    #expect(rig.run(job(1), job(2), job(3, in: "b"), job(4, in: "b")) == [.id(1), .id(3)])
  }

  @Test("a job that waits for its next attempt keeps those behind it waiting")
  func retry() {
    let rig = Rig()
    rig.run(job(1), job(2))
    #expect(rig.send(.ended(.id(1), .failure)).started == [])
    #expect(rig.reason(.group, 2) == "job 1 comes first in group `line`")
    #expect(rig.send(.timer, at: 1).started == [.id(1, 2)])
    _ = rig.send(.started(.id(1, 2)))
    #expect(rig.end(.id(1, 2)).started == [.id(2)])
  }

  @Test(
    "a job that is held, or whose time has not come, keeps those behind it waiting; a cancelled one does not")
  func held() {
    let rig = Rig()
    var first = job(1)
    first.isHeld = true
    #expect(rig.run(first, job(2, notBefore: 50), job(3)) == [])
    #expect(rig.closedGates(1) == [.hold])
    #expect(rig.closedGates(3) == [.group])
    _ = rig.send(.cancel(JobID(1)))
    #expect(rig.reason(.group, 3) == "job 2 comes first in group `line`")
    #expect(rig.send(.timer, at: 50).started == [.id(2)])
  }

  @Test("with `fifo` and room for two, two run, in the order of submission")
  func two() {
    let rig = Rig(Rig.policy { $0.groups = ["line": GroupRules(concurrency: 2, order: .fifo)] })
    #expect(rig.run(job(1), job(2, priority: 1), job(3, priority: 10)) == [.id(1), .id(2)])
    #expect(rig.reason(.group, 3) == "2 of group `line` run, 2 may")
    #expect(rig.end(.id(2)).started == [.id(3)])
  }

  @Test("with `priority` a configured group is in the order of rank, and who can't start lets others pass")
  func byPriority() {
    let rig = Rig(Rig.policy { $0.groups = ["line": GroupRules(concurrency: 1)] })
    var held = job(2)
    held.isHeld = true
    #expect(rig.run(job(1)) == [.id(1)])
    rig.run(held, job(3), job(4, priority: 10))
    #expect(rig.end(.id(1)).started == [.id(4)])
  }

  @Test("the group of a handler keeps the order, too, for all that are within it")
  func ofHandlers() {
    let rig = Rig(
      Rig.policy {
        $0.groups = [
          "inner": GroupRules(within: "outer"), "outer": GroupRules(concurrency: 1, order: .fifo),
        ]
        $0.groupOf = ["work": "inner", "other": "outer"]
      })
    #expect(rig.run(Rig.job(1), Rig.job(2, "other", priority: 10), Rig.job(3, priority: 10)) == [.id(1)])
    #expect(rig.end(.id(1)).started == [.id(2)])
  }

  @Test("a job counts in the group that it chose and in those of its handler")
  func both() {
    let rig = Rig(
      Rig.policy {
        $0.groups = ["of-work": GroupRules(concurrency: 1)]
        $0.groupOf = ["work": "of-work"]
      })
    #expect(rig.run(job(1, in: "a"), job(2, in: "b"), job(3, "other", in: "b")) == [.id(1)])
    #expect(rig.reason(.group, 2) == "1 of group `of-work` run, 1 may")
    #expect(rig.reason(.group, 3) == "job 2 comes first in group `b`")
  }

  @Test("no job of a serial group passes another one by backfill, and the first one in rank keeps its turn")
  func backfill() {
    let rig = Rig(Rig.policy(slots: 4, memory: .mebibytes(128)))
    // 1 takes half of the memory; 2 is first in rank and needs all of it; 3 and 4 would fit beside 1.
    var big = Rig.job(2) { $0.limits.memory = .mebibytes(128) }
    big.group = "line"
    let short = { (number: Int64, group: String?) in
      var job = Rig.job(number) { $0.timeout = .seconds(5) }
      job.group = group
      return job
    }
    #expect(rig.run(Rig.job(1)) == [.id(1)])
    #expect(rig.run(big, short(3, "line"), short(4, nil)) == [.id(4)])
    #expect(rig.closedGates(3).contains(.group))
  }

  @Test("an adopted job of a serial group keeps the others waiting")
  func adopted() {
    let rig = Rig()
    _ = rig.adopt(job(1), number: 1, started: 0)
    #expect(rig.run(job(2)) == [])
    #expect(rig.end(.id(1)).started == [.id(2)])
  }

  @Test("a forecast goes through the line one by one")
  func forecast() {
    let rig = Rig()
    rig.run(job(1), job(2), job(3))
    #expect(rig.forecast(3).start == Sample.time(120))
  }

  @Test("a job that is larger than the machine keeps its line waiting, and says so")
  func tooLarge() {
    let rig = Rig()
    var big = Rig.job(1) { $0.limits.memory = .gibibytes(100) }
    big.group = "line"
    #expect(rig.run(big, job(2)) == [])
    #expect(rig.reason(.group, 2) == "job 1 comes first in group `line`")
  }

  @Test("many groups come and go without leaving anything behind")
  func many() {
    let rig = Rig()
    for number in 1...500 as ClosedRange<Int64> {
      rig.run(job(number, in: "g\(number)"))
      rig.end(.id(number))
    }
    #expect(rig.scheduler.lanes.count < 200)
    #expect(rig.scheduler.handlers.running(ofGroup: "g7") == 0)
  }
}
