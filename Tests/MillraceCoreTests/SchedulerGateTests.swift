import TestSupport
import Testing

@testable import MillraceCore

@Suite("The gates")
struct SchedulerGateTests {
  @Test("as many jobs run as there are slots, and the verdict has the numbers")
  func slots() {
    let rig = Rig(Rig.policy(slots: 2))
    #expect(rig.run(Rig.job(1), Rig.job(2), Rig.job(3)) == [.id(1), .id(2)])
    #expect(rig.closedGates(3) == [.slots])
    #expect(rig.reason(.slots, 3) == "2 of 2 slots are taken")
    let actions = rig.send(.ended(.id(1), .success))
    #expect(actions.started == [.id(3)])
  }

  @Test("memory is full when the estimates fill it")
  func memory() {
    let rig = Rig(Rig.policy(memory: .mebibytes(200)))
    #expect(rig.run(Rig.job(1), Rig.job(2), Rig.job(3), Rig.job(4)).count == 3)
    #expect(rig.closedGates(4) == [.memory])
    #expect(rig.reason(.memory, 4) == "needs 64 MiB of memory, 8 MiB of 200 MiB is free")
  }

  @Test("memory may be filled to the last byte")
  func exactFit() {
    let rig = Rig(Rig.policy(memory: .mebibytes(128)))
    #expect(rig.run(Rig.job(1), Rig.job(2)).count == 2)
    #expect(rig.used.memory == .mebibytes(128))
  }

  @Test("what is measured counts once an attempt has settled")
  func measuredMemory() {
    let rig = Rig(Rig.policy(memory: .mebibytes(128)))
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3))
    let small = UsageSample(workingSet: .mebibytes(30), cpu: .zero)
    var actions = rig.sample([.id(1): small, .id(2): small], at: 9)
    #expect(actions == [])
    actions = rig.sample([.id(1): small, .id(2): small], at: 10)
    #expect(actions.started == [.id(3)])
    #expect(rig.used.memory == .mebibytes(124))
  }

  @Test("processors are shared out while some are left, by limits, then by what is measured")
  func cpu() {
    let rig = Rig(Rig.policy(cpuMillis: 2500))
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3), Rig.job(4))
    #expect(rig.closedGates(4) == [.cpu])
    #expect(rig.reason(.cpu, 4) == "3000 m of 2500 m is in use, needs 1000 m")
    func sample(_ spent: Duration) -> Event {
      let usage = UsageSample(cpu: spent)
      return .sampled([.id(1): usage, .id(2): usage, .id(3): usage], MachineSample())
    }
    _ = rig.send(sample(.zero), at: 1)
    let actions = rig.send(sample(.milliseconds(500)), at: 2)
    #expect(actions.started == [.id(4)])
  }

  @Test("alone on the machine a job always has processors enough")
  func cpuAlone() {
    let rig = Rig(Rig.policy(cpuMillis: 500))
    #expect(rig.run(Rig.job(1), Rig.job(2)) == [.id(1)])
    #expect(rig.closedGates(2) == [.cpu])
  }

  @Test("a big job at the head of the queue is not starved by small ones, not even another handler's")
  func head() {
    let rig = Rig(Rig.policy(memory: .mebibytes(200)))
    rig.run(Rig.job(1), Rig.job(2))
    let big = Rig.job(3) { $0.limits.memory = .mebibytes(150) }
    // They would still run when the big one can start.
    let small = [Rig.job(4), Rig.job(5, "other")].map { job in
      var job = job
      job.terms.timeout = .seconds(70)
      return job
    }
    var actions = rig.send(.submitted([big] + small))
    #expect(actions == [])
    actions = rig.send(.ended(.id(1), .success))
    #expect(actions.started == [])
    actions = rig.send(.ended(.id(2), .success))
    #expect(actions.started == [.id(3)])
    #expect(rig.closedGates(4) == [.memory])
  }

  @Test("a job that can never fit, left from a larger machine, holds nobody else back")
  func neverFits() {
    let rig = Rig(Rig.policy(memory: .mebibytes(200)))
    let huge = Rig.job(1, priority: 10) { $0.limits.memory = .mebibytes(201) }
    #expect(rig.run(huge, Rig.job(2), Rig.job(3, "other")) == [.id(2), .id(3)])
    #expect(rig.closedGates(1) == [.memory])
    #expect(rig.reason(.memory, 1) == "needs 201 MiB of memory, the runner has 200 MiB in all")
    #expect(rig.scheduler.queuedCount == 1)
    let actions = rig.send(.cancel(JobID(1)))
    #expect(actions == [.cancelled(JobID(1))])
    #expect(!rig.scheduler.knows(JobID(1)))
  }

  @Test("a handler runs as many of its jobs as it may; another handler's go by")
  func concurrency() {
    let rig = Rig(handlers: ["work": HandlerRules(concurrency: 1), "other": HandlerRules()])
    #expect(rig.run(Rig.job(1), Rig.job(2), Rig.job(3, "other")) == [.id(1), .id(3)])
    #expect(rig.closedGates(2) == [.concurrency])
    #expect(rig.reason(.concurrency, 2) == "1 of its handler run, 1 may")
    let two = ["work": HandlerRules(concurrency: 2), "other": HandlerRules()]
    #expect(rig.send(.handlers(two)).started == [.id(2)])
    let actions = rig.send(.submitted([Rig.job(4)]))
    #expect(actions == [])
    #expect(rig.send(.ended(.id(1), .success)).started == [.id(4)])
  }

  @Test("an unknown handler holds its own jobs only, until it is there")
  func unknownHandler() {
    let rig = Rig(handlers: ["other": HandlerRules()])
    #expect(rig.run(Rig.job(1, priority: 10), Rig.job(2, "other")) == [.id(2)])
    #expect(rig.closedGates(1) == [.handler])
    #expect(rig.reason(.handler, 1) == "no plugin in use has a handler `work`")
    #expect(rig.send(.handlers(Rig.handlers)).started == [.id(1)])
  }

  @Test("a handler that is taken away keeps what runs and starts nothing more")
  func handlerGone() {
    let rig = Rig(Rig.policy(slots: 1))
    rig.run(Rig.job(1), Rig.job(2))
    _ = rig.send(.handlers([:]))
    let actions = rig.send(.ended(.id(1), .success))
    #expect(actions.started == [])
    #expect(actions.ends.map(\.0.outcome) == [.succeeded])
    #expect(rig.closedGates(2) == [.handler])
  }

  @Test("a job with a time waits for it, and is due then")
  func notBefore() {
    let rig = Rig()
    #expect(rig.run(Rig.job(1, notBefore: 60)) == [])
    #expect(rig.scheduler.scheduledCount == 1)
    #expect(rig.scheduler.queuedCount == 0)
    #expect(rig.closedGates(1) == [.notBefore])
    #expect(rig.reason(.notBefore, 1) == "its time has not come")
    #expect(rig.verdicts(1).first { $0.gate == .notBefore }?.opensAt == Sample.time(60))
    #expect(rig.scheduler.nextTime == Sample.time(60))
    #expect(rig.send(.timer, at: 59) == [])
    let actions = rig.send(.timer, at: 60)
    #expect(actions.first == .due(JobID(1)))
    #expect(actions.started == [.id(1)])
    #expect(rig.scheduler.nextTime == nil)
  }

  @Test("the admission is recorded with what was known")
  func admission() {
    let rig = Rig(Rig.policy(slots: 2, memory: .mebibytes(200)))
    func resources(_ count: Int64) -> Resources {
      Resources(
        slots: Int(count), memory: .mebibytes(64 * count), committed: .mebibytes(64 * count),
        cpuMillis: 1000 * count)
    }
    let capacity = Resources(
      slots: 2, memory: .mebibytes(200), committed: .mebibytes(2000), cpuMillis: 100_000)
    let admissions = rig.send(.submitted([Rig.job(1), Rig.job(2), Rig.job(3)])).admissions
    #expect(
      admissions == [
        Admission(demand: resources(1), used: resources(0), capacity: capacity, queued: 2),
        Admission(demand: resources(1), used: resources(1), capacity: capacity, queued: 1),
      ])
    #expect(
      rig.end(.id(1)).admissions == [
        Admission(
          demand: resources(1), used: resources(1), capacity: capacity, queued: 0,
          heldBy: GateVerdict(gate: .slots, isOpen: false, need: 1, used: 2, capacity: 2))
      ])
  }
}
