import TestSupport
import Testing

@testable import MillraceCore

@Suite("The pressure monitor")
struct PressureMonitorTests {
  /// The levels that follow from samples, one after another, with a capacity of 1000 MiB.
  private func levels(_ samples: [MachineSample]) -> [Pressure] {
    var monitor = PressureMonitor()
    return samples.map { sample in
      let before = monitor.level
      let hasChanged = monitor.take(
        sample, capacity: .mebibytes(1000), rules: PressureRules(), at: Sample.time(0))
      #expect(hasChanged == (monitor.level != before))
      return monitor.level
    }
  }

  private func tree(_ used: Int64...) -> [MachineSample] {
    used.map { MachineSample(treeMemory: .mebibytes($0)) }
  }
  private func available(_ available: Int64...) -> [MachineSample] {
    available.map {
      MachineSample(memoryTotal: .mebibytes(1000), memoryAvailable: .mebibytes($0))
    }
  }
  private func stall(_ percents: Double...) -> [MachineSample] {
    percents.map { MachineSample(memoryStall: $0) }
  }

  @Test("a level is entered at its threshold and left 5 % below it: what the attempts use")
  func treeMemory() {
    #expect(levels(tree(0, 799, 800, 761, 759)) == [.none, .none, .warning, .warning, .none])
    #expect(
      levels(tree(899, 900, 856, 854, 761, 759)) == [
        .warning, .critical, .critical, .warning, .warning, .none,
      ])
    #expect(levels(tree(2000, 0)) == [.critical, .none])
  }

  @Test("what the machine has available, whoever uses the rest")
  func machine() {
    #expect(levels(available(1000, 81, 80, 84, 85)) == [.none, .none, .warning, .warning, .none])
    #expect(levels(available(41, 40, 42, 43)) == [.warning, .critical, .critical, .warning])
    #expect(levels(available(0)) == [.critical])
  }

  @Test("how long tasks wait for memory, where the kernel has PSI")
  func stalls() {
    #expect(levels(stall(19.9, 20, 19.1, 18.9)) == [.none, .warning, .warning, .none])
    #expect(levels(stall(50, 47.6, 47.4, 0)) == [.critical, .critical, .warning, .none])
  }

  @Test("the worst measure speaks, and says its numbers")
  func worst() {
    var monitor = PressureMonitor()
    func text(_ sample: MachineSample) -> String {
      _ = monitor.take(sample, capacity: .mebibytes(1000), rules: PressureRules(), at: Sample.time(0))
      return monitor.text
    }
    #expect(text(MachineSample()) == "there is none")
    #expect(
      text(MachineSample(treeMemory: .mebibytes(850), memoryStall: 1))
        == "warning: the attempts use 850 MiB of 1000 MiB")
    #expect(
      text(
        MachineSample(
          treeMemory: .mebibytes(850), memoryTotal: .mebibytes(2000), memoryAvailable: .mebibytes(60)))
        == "critical: the machine has 60 MiB of 2 GiB available")
    #expect(
      text(MachineSample(treeMemory: .mebibytes(850), memoryStall: 50.4))
        == "critical: tasks wait for memory 50 % of the time")
    #expect(text(MachineSample()) == "there is none")
  }

  @Test("what is not told says nothing, and neither do figures that are none")
  func unknown() {
    #expect(
      levels([MachineSample(), MachineSample(treeMemory: .mebibytes(950)), MachineSample()])
        == [.none, .critical, .none])
    #expect(
      levels([MachineSample(memoryTotal: .mebibytes(9)), MachineSample(memoryAvailable: .zero)])
        == [.none, .none])
    #expect(levels([MachineSample(memoryTotal: .zero, memoryAvailable: .zero)]) == [.none])
    #expect(levels(stall(.nan, .infinity, -.infinity, -5)) == [.none, .none, .none, .none])
    #expect(levels(stall(1e300)) == [.critical])
    var monitor = PressureMonitor()
    let isNew = monitor.take(
      MachineSample(treeMemory: .mebibytes(9)), capacity: .zero, rules: PressureRules(), at: Sample.time(0))
    #expect(!isNew && monitor.level == .none)
  }
}

@Suite("Pressure")
struct PressureTests {
  private static let short = MachineSample(treeMemory: .mebibytes(950))
  private static let calm = MachineSample(treeMemory: .mebibytes(100))

  /// 1000 MiB, and jobs 1 to `count` running.
  private func rig(running count: Int64) -> Rig {
    let rig = Rig(Rig.policy(memory: .mebibytes(1000)))
    for job in 1...count { rig.run(Rig.job(job) { $0.timeout = .seconds(600) }) }
    return rig
  }

  @Test("tells the operator when it comes, grows and goes")
  func notices() {
    let rig = rig(running: 1)
    #expect(rig.sample([:], Self.calm).notices == [])
    let warning = rig.sample([:], MachineSample(treeMemory: .mebibytes(800))).notices
    #expect(warning.map(\.text) == ["memory pressure is warning: the attempts use 800 MiB of 1000 MiB"])
    #expect(rig.sample([:], MachineSample(treeMemory: .mebibytes(810))).notices == [])
    let critical = rig.sample([:], Self.short).notices
    #expect(critical.map(\.text) == ["memory pressure is critical: the attempts use 950 MiB of 1000 MiB"])
    #expect(rig.sample([:], Self.calm).notices.map(\.text) == ["memory pressure is over"])
    #expect(rig.scheduler.pressureLevel == .none && rig.scheduler.machine == Self.calm)
  }

  @Test("that is critical stops every start until it is over")
  func stopsStarts() {
    let rig = rig(running: 1)
    rig.sample([:], Self.short)
    #expect(rig.run(Rig.job(2)) == [])
    #expect(rig.closedGates(2).contains(.pressure))
    #expect(rig.end(.id(1), at: 5).started == [])
    #expect(rig.scheduler.needsSamples)
    #expect(rig.sample([:], Self.calm, at: 6).started == [.id(2)])
  }

  @Test("that stays critical freezes the last-ranked attempt, then evicts it, then the next one")
  func spell() {
    let rig = rig(running: 3)
    rig.sample([:], Self.short, at: 100)
    #expect(rig.sample([:], Self.short, at: 109) == [])
    #expect(rig.sample([:], Self.short, at: 110) == [.freeze(.id(3)), .notice(.frozen(.id(3)))])
    #expect(rig.sample([:], Self.short, at: 139) == [])
    #expect(rig.sample([:], Self.short, at: 140) == [.kill(.id(3)), .notice(.evicted(.id(3)))])
    let actions = rig.send(.ended(.id(3), .killed), at: 141)
    #expect(actions.ends.map(\.0.outcome) == [.evicted])
    #expect(actions.ends.map(\.1) == [.requeue])
    #expect(actions.started == [])
    #expect(rig.sample([:], Self.short, at: 149) == [])
    #expect(rig.sample([:], Self.short, at: 150) == [.freeze(.id(2)), .notice(.frozen(.id(2)))])
    #expect(rig.sample([:], Self.short, at: 180) == [.kill(.id(2)), .notice(.evicted(.id(2)))])
    _ = rig.send(.ended(.id(2), .killed), at: 181)
    // The only one is never frozen.
    for second in 182..<400 { #expect(rig.sample([:], Self.short, at: Int64(second)) == []) }
    #expect(rig.sample([:], Self.calm, at: 400).started == [.id(2, 2), .id(3, 2)])
  }

  @Test("an eviction costs no attempt")
  func noAttemptUsed() {
    let rig = Rig(Rig.policy(memory: .mebibytes(1000)))
    rig.run(Rig.job(1), Rig.job(2) { $0.maxAttempts = 1 })
    for round in 0..<3 {
      let begin = Int64(round * 100)
      rig.sample([:], Self.short, at: begin)
      rig.sample([:], Self.short, at: begin + 10)
      rig.sample([:], Self.short, at: begin + 40)
      #expect(rig.send(.ended(.id(2, round + 1), .killed)).ends.map(\.1) == [.requeue])
      #expect(rig.confirm(rig.sample([:], Self.calm, at: begin + 60)) == [.id(2, round + 2)])
    }
    #expect(rig.send(.ended(.id(2, 4), .crash)).ends.map(\.1) == [.done(.failed)])
  }

  @Test("what was taken away for lack of memory starts again only where all that it had taken fits")
  func shown() {
    let rig = Rig(Rig.policy(memory: .mebibytes(1000)))
    _ = rig.send(.learned((1...20).map { _ in EstimateTests.evidence(10) }))
    rig.run(
      Rig.job(1) { $0.limits.memory = .mebibytes(1000) }, Rig.job(2) { $0.limits.memory = .mebibytes(900) })
    rig.sample(
      [
        .id(1): UsageSample(workingSet: .mebibytes(500)), .id(2): UsageSample(workingSet: .mebibytes(450)),
      ], at: 20)
    var report = AttemptReport.pressure
    report.usage.memoryPeak = .mebibytes(470)
    #expect(rig.confirm(rig.send(.ended(.id(2), report))) == [.id(2, 2)])
    #expect(rig.used.memory == .mebibytes(970))
    rig.sample([.id(2, 2): UsageSample(workingSet: .mebibytes(600))], at: 22)
    #expect(rig.send(.ended(.id(2, 2), .pressure), at: 30).started == [])
    #expect(rig.reason(.memory, 2) == "needs 600 MiB of memory, 500 MiB of 1000 MiB is free")
    #expect(rig.end(.id(1)).started == [.id(2, 3)])
  }

  @Test("that goes lets the frozen attempt go on, at once and at a warning too", arguments: [100, 820])
  func thaw(used: Int64) {
    let rig = rig(running: 2)
    rig.sample([:], Self.short, at: 0)
    rig.sample([:], Self.short, at: 10)
    let actions = rig.sample([:], MachineSample(treeMemory: .mebibytes(used)), at: 20)
    #expect(actions.contains(.thaw(.id(2))) && actions.notices.contains(.thawed(.id(2))))
    // A new spell begins its count anew.
    rig.sample([:], Self.short, at: 21)
    #expect(rig.sample([:], Self.short, at: 30) == [])
    #expect(rig.sample([:], Self.short, at: 31).first == .freeze(.id(2)))
  }

  @Test("frozen time does not count towards the timeout")
  func timeout() {
    let rig = Rig(Rig.policy(memory: .mebibytes(1000)))
    rig.run(Rig.job(1) { $0.timeout = .seconds(1000) }, Rig.job(2))
    rig.sample([:], Self.short, at: 0)
    rig.sample([:], Self.short, at: 10)
    #expect(rig.scheduler.nextTime == Sample.time(1000))
    #expect(rig.send(.timer, at: 61) == [])
    rig.sample([:], Self.calm, at: 35)
    #expect(rig.scheduler.nextTime == Sample.time(85))
    #expect(rig.send(.timer, at: 84) == [])
    #expect(rig.send(.timer, at: 85) == [.terminate(.id(2))])
  }

  @Test("frozen time is left out of what is learned")
  func learnedTime() {
    let rig = rig(running: 2)
    rig.sample([:], Self.short, at: 0)
    rig.sample([:], Self.short, at: 10)
    rig.sample([:], Self.calm, at: 39)
    rig.end(.id(2), at: 45)
    #expect(rig.scheduler.statistics(of: "work").first?.duration?.max == 16_000_000)
  }

  @Test("a frozen attempt that is cancelled goes on, so that it can hear of it")
  func cancelFrozen() {
    let rig = rig(running: 2)
    rig.sample([:], Self.short, at: 0)
    rig.sample([:], Self.short, at: 10)
    #expect(
      rig.send(.cancel(JobID(2)), at: 20) == [.cancelRequested(JobID(2)), .thaw(.id(2)), .terminate(.id(2))])
    #expect(rig.scheduler.nextTime == Sample.time(25))
    // It is no longer there to be thawed or evicted, and the other one is alone.
    #expect(rig.sample([:], Self.short, at: 24) == [])
    #expect(rig.send(.timer, at: 25) == [.kill(.id(2))])
    #expect(rig.send(.ended(.id(2), .killed)).ends.map(\.1) == [.done(.cancelled)])
  }

  @Test("a frozen attempt that dies is no longer frozen, and the next one has its time")
  func diesFrozen() {
    let rig = rig(running: 3)
    rig.sample([:], Self.short, at: 0)
    rig.sample([:], Self.short, at: 10)
    #expect(rig.send(.ended(.id(3), .ownLimit), at: 11).ends.map(\.1) == [.retry(notBefore: Sample.time(12))])
    #expect(rig.sample([:], Self.short, at: 19) == [])
    #expect(rig.sample([:], Self.short, at: 20).first == .freeze(.id(2)))
  }

  @Test("nothing is frozen where that is switched off")
  func off() {
    let rig = Rig(Rig.policy(memory: .mebibytes(1000)) { $0.pressure.freezeAfter = nil })
    rig.run(Rig.job(1), Rig.job(2))
    rig.sample([:], Self.short, at: 0)
    #expect(rig.sample([:], Self.short, at: 50) == [])
    #expect(rig.run(Rig.job(3)) == [])
  }

  @Test("the rank decides who is frozen: priority, and that of attempts that were adopted")
  func rank() {
    let rig = Rig(Rig.policy(memory: .mebibytes(1000)))
    rig.run(Rig.job(1, priority: 1), Rig.job(2, priority: 9), Rig.job(3, priority: 5))
    _ = rig.adopt(Rig.job(4, priority: 2), number: 1, started: 0)
    rig.sample([:], Self.short, at: 0)
    #expect(rig.sample([:], Self.short, at: 10).first == .freeze(.id(1)))
    let adopted = Rig(Rig.policy(memory: .mebibytes(1000)))
    _ = adopted.adopt(Rig.job(1, at: 50), number: 1, started: 50)
    adopted.run(Rig.job(2, at: 20))
    adopted.sample([:], Self.short, at: 60)
    #expect(adopted.sample([:], Self.short, at: 70).first == .freeze(.id(1)))
  }

  @Test("an attempt that is starting or stopping is not frozen, and does not make another one the second")
  func others() {
    let rig = rig(running: 2)
    _ = rig.send(.submitted([Rig.job(3)]))
    _ = rig.send(.cancel(JobID(2)), at: 0)
    rig.sample([:], Self.short, at: 0)
    #expect(rig.sample([:], Self.short, at: 10) == [])
  }

  @Test("samples are needed while something runs, or jobs wait for the pressure to go")
  func needsSamples() {
    let rig = rig(running: 1)
    #expect(rig.scheduler.needsSamples)
    rig.sample([:], Self.short)
    rig.end(.id(1))
    #expect(!rig.scheduler.needsSamples)
    rig.run(Rig.job(2))
    #expect(rig.scheduler.needsSamples)
    #expect(rig.sample([:], Self.calm).started == [.id(2)])
    rig.end(.id(2))
    #expect(!rig.scheduler.needsSamples)
  }
}
