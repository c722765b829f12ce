import TestSupport
import Testing

@testable import MillraceCore

@Suite("A footprint")
struct FootprintTests {
  private let policy = Rig.policy()
  private var footprint = Self.footprint(memory: .mebibytes(80))

  /// Estimated at `memory` and half a processor, with a limit of 100 MiB and one processor.
  private static func footprint(memory: Bytes, settling: Duration = .seconds(10)) -> Footprint {
    Footprint(
      estimate: Estimate(
        memory: memory, cpuMillis: 500, expectedRun: .seconds(60), runBound: .seconds(60),
        settling: settling, memoryBasis: .declared, runBasis: .declared),
      limits: Limits(memory: .mebibytes(100), cpuMillis: 1000, pids: 8), since: Sample.time(0))
  }

  private mutating func take(
    _ seconds: Int64, memory: Int64? = nil, cpu: Duration? = nil, hits: Int64? = nil
  ) {
    footprint.take(
      UsageSample(workingSet: memory.map { .mebibytes($0) }, cpu: cpu, memoryLimitHits: hits),
      at: Sample.time(seconds), policy: policy)
  }

  private func memory(_ seconds: Int64) -> Bytes {
    footprint.resources(at: Sample.time(seconds), policy: policy).memory
  }
  private func cpu(_ seconds: Int64) -> Int64 {
    footprint.resources(at: Sample.time(seconds), policy: policy).cpuMillis
  }
  private func isStuck(_ seconds: Int64) -> Bool {
    footprint.isStuck(at: Sample.time(seconds), policy: policy)
  }

  @Test("counts with its estimate as long as nothing was measured, and with its whole limit as a promise")
  func unmeasured() {
    let whole = Resources(
      slots: 1, memory: .mebibytes(80), committed: .mebibytes(100), cpuMillis: 500)
    #expect(footprint.resources(at: Sample.time(0), policy: policy) == whole)
    #expect(footprint.resources(at: Sample.time(999), policy: policy) == whole)
    #expect(footprint.timeToPeak == nil)
  }

  @Test("counts with the larger of both while it settles, then with what was measured")
  mutating func settling() {
    take(1, memory: 30)
    #expect(memory(1) == .mebibytes(80))
    #expect(memory(9) == .mebibytes(80))
    #expect(memory(10) == .mebibytes(30))
    take(2, memory: 90)
    #expect(memory(2) == .mebibytes(90))
    #expect(memory(10) == .mebibytes(90))
  }

  @Test("settles as long as was learned, not longer", arguments: [2, 3, 599])
  mutating func learnedSettling(seconds: Int64) {
    footprint = Self.footprint(memory: .mebibytes(80), settling: .seconds(seconds))
    take(1, memory: 30)
    #expect(memory(seconds - 1) == .mebibytes(80))
    #expect(memory(seconds) == .mebibytes(30))
  }

  @Test("never counts with more than its limit")
  mutating func limited() {
    take(1, memory: 300, cpu: .zero)
    take(2, memory: 300, cpu: .seconds(9))
    #expect(memory(2) == .mebibytes(100))
    #expect(memory(20) == .mebibytes(100))
    #expect(cpu(20) == 1000)
    footprint = Self.footprint(memory: .mebibytes(101))
    #expect(memory(0) == .mebibytes(100))
  }

  @Test("a measurement that says nothing leaves the last one")
  mutating func silentSample() {
    take(1, memory: 30, cpu: .zero)
    take(2)
    #expect(memory(20) == .mebibytes(30))
  }

  @Test("CPU is a rate, and a new interval counts half")
  mutating func cpuRate() {
    take(1, cpu: .milliseconds(100))
    #expect(cpu(5) == 500)
    take(2, cpu: .milliseconds(500))
    #expect(cpu(2) == 400)
    take(3, cpu: .milliseconds(700))
    #expect(cpu(3) == 300)
    take(5, cpu: .milliseconds(700))
    #expect(cpu(5) == 150)
  }

  @Test("CPU counts with the larger of estimate and rate in its first second")
  mutating func cpuSettling() {
    func at(_ milliseconds: Int64) -> Timestamp { Sample.time(0) + .milliseconds(milliseconds) }
    for (time, spent) in [(100, 0), (600, 10)] as [(Int64, Int64)] {
      footprint.take(UsageSample(cpu: .milliseconds(spent)), at: at(time), policy: policy)
    }
    #expect(footprint.resources(at: at(999), policy: policy).cpuMillis == 500)
    #expect(footprint.resources(at: at(1000), policy: policy).cpuMillis == 20)
  }

  @Test("two measurements of one moment make no rate, and a counter that goes back makes none below zero")
  mutating func oddCounters() {
    take(1, cpu: .milliseconds(100))
    take(1, cpu: .milliseconds(100))
    #expect(cpu(5) == 500)
    take(2, cpu: .milliseconds(50))
    #expect(cpu(5) == 0)
  }

  @Test("the time to its peak is when it last grew by a tenth")
  mutating func timeToPeak() {
    take(1, memory: 10)
    #expect(footprint.timeToPeak == .seconds(1))
    take(5, memory: 50)
    take(9, memory: 54)  // Less than a tenth.
    #expect(footprint.timeToPeak == .seconds(5))
    take(12, memory: 56)
    take(60, memory: 20)
    #expect(footprint.timeToPeak == .seconds(12))
    take(90, cpu: .seconds(1))
    #expect(footprint.timeToPeak == .seconds(12))
  }

  @Test("a slow growth is noticed when it has come to a tenth in all")
  mutating func slowGrowth() {
    for second in 0...30 { take(Int64(second), memory: 50 + Int64(second) / 2) }
    #expect(footprint.timeToPeak == .seconds(24))
  }

  @Test("is stuck when it fills its limit and hits it a thousand times a second for 15 s")
  mutating func thrashing() {
    for second in 0...15 { take(Int64(second), memory: 96, cpu: .zero, hits: Int64(second) * 1000) }
    #expect(!isStuck(14))
    #expect(isStuck(15))
  }

  @Test("page-cache reclaim alone, with a small working set, is no thrashing")
  mutating func pageCache() {
    for second in 0...60 { take(Int64(second), memory: 20, cpu: .zero, hits: Int64(second) * 50_000) }
    #expect(!isStuck(60))
  }

  @Test("a full limit alone, or few hits, is no thrashing")
  mutating func fullButFine() {
    for second in 0...60 { take(Int64(second), memory: 100, cpu: .zero, hits: Int64(second) * 999) }
    #expect(!isStuck(60))
  }

  @Test("one calm second begins the count anew")
  mutating func recovery() {
    var hits: Int64 = 0
    for second in 0...60 {
      hits += second % 15 == 0 ? 0 : 5000
      take(Int64(second), memory: 100, cpu: .zero, hits: hits)
      #expect(!isStuck(Int64(second)))
    }
  }

  @Test("a measurement without the count of hits is no calm second and no storm")
  mutating func missingHits() {
    for second in 0...30 {
      take(Int64(second), memory: 100, cpu: .zero, hits: second % 2 == 0 ? 900_000 : nil)
    }
    #expect(!isStuck(30))
    for second in 31...60 {
      take(
        Int64(second), memory: 100, cpu: .zero, hits: second % 2 == 0 ? 900_000 + Int64(second) * 2000 : nil)
    }
    #expect(isStuck(60))
  }

  @Test("thrashing is seen also where the kernel tells no CPU time")
  mutating func withoutCPU() {
    for second in 0...15 { take(Int64(second), memory: 96, hits: Int64(second) * 1000) }
    #expect(isStuck(15))
  }
}
