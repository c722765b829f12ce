import TestSupport
import Testing

@testable import MillraceCore

@Suite("The distance between starts")
struct StaggerTests {
  @Test("keeps starts apart, and a timer wakes for the next one")
  func apart() {
    let rig = Rig(Rig.policy { $0.stagger = .seconds(5) })
    let course = Course(rig) { _ in 3 }
    course.arrivals = (1...4).map { Rig.job($0, at: 7) }
    course.run()
    #expect(course.starts.map(\.seconds) == [7, 12, 17, 22])
    #expect(rig.scheduler.nextTime == nil)
  }

  @Test("is told by its gate, with the time at which it opens")
  func gate() {
    let rig = Rig(Rig.policy { $0.stagger = .seconds(5) })
    rig.run(Rig.job(1), Rig.job(2))
    #expect(rig.closedGates(2) == [.stagger])
    #expect(rig.verdicts(2).first { $0.gate == .stagger }?.opensAt == Sample.time(5))
    #expect(rig.scheduler.nextTime == Sample.time(5))
    #expect(rig.send(.timer, at: 5).admissions.first?.heldBy?.gate == .stagger)
  }

  @Test("is larger while memory is short")
  func underPressure() {
    let rig = Rig(Rig.policy(memory: .mebibytes(1000)) { $0.staggerUnderPressure = .seconds(4) })
    rig.run(Rig.job(1))
    let short = MachineSample(treeMemory: .mebibytes(850))
    rig.sample([:], short, at: 10)
    #expect(rig.run(Rig.job(2), Rig.job(3)) == [.id(2)])
    #expect(rig.scheduler.nextTime == Sample.time(14))
    #expect(rig.sample([:], short, at: 13).started == [])
    #expect(rig.sample([:], short, at: 14).started == [.id(3)])
  }

  @Test("goes with the pressure")
  func relaxed() {
    let rig = Rig(Rig.policy(memory: .mebibytes(1000)) { $0.staggerUnderPressure = .seconds(100) })
    rig.run(Rig.job(1))
    rig.sample([:], MachineSample(treeMemory: .mebibytes(850)), at: 10)
    #expect(rig.run(Rig.job(2), Rig.job(3)) == [])
    #expect(rig.sample([:], MachineSample(treeMemory: .zero), at: 11).started == [.id(2), .id(3)])
  }

  @Test("wakes nobody when nobody waits")
  func idle() {
    let rig = Rig(Rig.policy { $0.stagger = .seconds(5) })
    rig.run(Rig.job(1))
    rig.end(.id(1))
    #expect(rig.scheduler.nextTime == nil)
  }

  @Test("of 100 years is only long")
  func absurd() {
    let rig = Rig(Rig.policy { $0.stagger = .seconds(36_525 * 86_400) })
    #expect(rig.run(Rig.job(1), Rig.job(2)) == [.id(1)])
    rig.end(.id(1))
    #expect(rig.scheduler.nextTime == Sample.time(36_525 * 86_400))
  }
}
