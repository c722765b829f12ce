import TestSupport
import Testing

@testable import MillraceCore

@Suite("The headroom")
struct HeadroomTests {
  /// 320 MiB, of which 256 are given out to jobs beside each other; a job takes 64.
  private func rig() -> Rig {
    var policy = Rig.policy(memory: .mebibytes(320))
    policy.headroom = .mebibytes(64)
    policy.backfill = .none
    return Rig(policy)
  }

  @Test("stays free beside running attempts")
  func beside() {
    let rig = rig()
    #expect(
      rig.run(Rig.job(1), Rig.job(2), Rig.job(3), Rig.job(4), Rig.job(5)).map(\.job.rawValue) == [1, 2, 3, 4])
    #expect(rig.closedGates(5).contains(.memory))
    #expect(rig.reason(.memory, 5) == "needs 64 MiB of memory, 0 B of 256 MiB is free")
  }

  @Test("is given to an attempt that runs alone, which then lets nobody in")
  func alone() {
    let rig = rig()
    rig.run(Rig.job(1))
    rig.run(Rig.job(2) { $0.limits.memory = .mebibytes(300) })
    #expect(rig.reason(.memory, 2) == "needs 300 MiB of memory, beside others 256 MiB is given out")
    #expect(rig.send(.ended(.id(1), .success)).startedJobs == [2])
    #expect(rig.run(Rig.job(3)) == [])
  }
}
