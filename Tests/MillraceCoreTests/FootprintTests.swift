import TestSupport
import Testing

@testable import MillraceCore

@Suite("A footprint")
struct FootprintTests {
  private let policy = Rig.policy()
  private var footprint = Footprint(
    estimate: .mebibytes(80), limits: Limits(memory: .mebibytes(100), cpuMillis: 1000, pids: 8),
    since: Sample.time(0))

  private mutating func take(
    _ seconds: Int64, memory: Int64? = nil, cpu: Duration? = nil, hits: Int64? = nil
  ) {
    footprint.take(
      UsageSample(workingSet: memory.map { .mebibytes($0) }, cpu: cpu, memoryLimitHits: hits),
      at: Sample.time(seconds), policy: policy)
  }

  private func memory(_ seconds: Int64) -> Bytes {
    footprint.memory(at: Sample.time(seconds), policy: policy)
  }
  private func cpu(_ seconds: Int64) -> Int64 {
    footprint.cpuMillis(at: Sample.time(seconds), policy: policy)
  }
  private func isStuck(_ seconds: Int64) -> Bool {
    footprint.isStuck(at: Sample.time(seconds), policy: policy)
  }

  @Test("counts with its estimate and its CPU limit as long as nothing was measured")
  func unmeasured() {
    #expect(memory(0) == .mebibytes(80))
    #expect(memory(999) == .mebibytes(80))
    #expect(cpu(999) == 1000)
  }

  @Test("counts with the larger of both while it settles, then with what was measured")
  mutating func settling() {
    take(1, memory: 30, cpu: .zero)
    #expect(memory(1) == .mebibytes(80))
    #expect(memory(9) == .mebibytes(80))
    #expect(memory(10) == .mebibytes(30))
    take(2, memory: 90)
    #expect(memory(2) == .mebibytes(90))
    #expect(memory(10) == .mebibytes(90))
  }

  @Test("never counts with more than its limit")
  mutating func limited() {
    take(1, memory: 300, cpu: .zero)
    take(2, memory: 300, cpu: .seconds(9))
    #expect(memory(2) == .mebibytes(100))
    #expect(memory(20) == .mebibytes(100))
    #expect(cpu(20) == 1000)
    let small = Footprint(estimate: .mebibytes(80), limits: Sample.terms.limits, since: Sample.time(0))
    #expect(small.memory(at: Sample.time(0), policy: policy) == .mebibytes(64))
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
    #expect(cpu(1) == 1000)
    take(2, cpu: .milliseconds(500))
    #expect(cpu(2) == 400)
    take(3, cpu: .milliseconds(700))
    #expect(cpu(3) == 300)
    take(5, cpu: .milliseconds(700))
    #expect(cpu(5) == 150)
  }

  @Test("two measurements of one moment make no rate")
  mutating func sameMoment() {
    take(1, cpu: .milliseconds(100))
    take(1, cpu: .milliseconds(100))
    #expect(cpu(5) == 1000)
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
