import TestSupport
import Testing

@testable import MillraceCore

@Suite("What warm hosts hold")
struct WarmHostTests {
  /// 320 MiB; a job takes 64.
  private func rig() -> Rig {
    var policy = Rig.policy(memory: .mebibytes(320))
    policy.backfill = .none
    return Rig(policy)
  }

  private func hosts(_ memory: Bytes?) -> Event {
    var machine = MachineSample()
    machine.hostMemory = memory
    return .sampled([:], machine)
  }

  @Test("counts as used, and is asked back once for each look at the machine when the first job lacks it")
  func reclaim() {
    let rig = rig()
    _ = rig.send(hosts(.mebibytes(100)))
    let waiting = rig.send(.submitted([Rig.job(1) { $0.limits.memory = .mebibytes(300) }]))
    #expect(waiting == [.reclaim])
    #expect(rig.closedGates(1).contains(.memory))
    #expect(rig.reason(.memory, 1) == "needs 300 MiB of memory, 220 MiB of 320 MiB is free")
    #expect(rig.scheduler.needsSamples)
    #expect(rig.send(.submitted([Rig.job(2)])) == [])
    // They are in use and did not go.
    #expect(rig.send(hosts(.mebibytes(90))) == [.reclaim])
    #expect(rig.send(hosts(nil)).startedJobs == [1])
  }

  @Test("is not asked back for a job that would not fit without it either, or that lacks something else")
  func inVain() {
    let rig = rig()
    rig.run(Rig.job(1) { $0.limits.memory = .mebibytes(250) })
    _ = rig.send(hosts(.mebibytes(20)))
    #expect(rig.send(.submitted([Rig.job(2) { $0.limits.memory = .mebibytes(100) }])) == [])
  }
}
