/// What a running attempt costs in admission: what it was expected to need while it settles, then what is
/// measured; never more than its limit.
struct Footprint: Sendable {
  let estimate: Estimate
  let limits: Limits
  let since: Timestamp
  /// How long after its start its memory was last seen to grow by a tenth; nil if it was never sampled.
  private(set) var timeToPeak: Duration?
  /// The last that was measured; nil before that.
  private(set) var workingSet: Bytes?
  private var peak = Bytes.zero
  /// The processors that it takes, as a decayed rate; nil before it was measured twice.
  private(set) var cpuMillis: Int64?
  private var lastCPU: (spent: Duration, time: Timestamp)?
  private var lastHits: (count: Int64, time: Timestamp)?
  private var thrashingSince: Timestamp?

  init(estimate: Estimate, limits: Limits, since: Timestamp) {
    self.estimate = estimate
    self.limits = limits
    self.since = since
  }

  /// The largest working set that was measured.
  private(set) var largest = Bytes.zero

  /// Returns what it counts with.
  func resources(at now: Timestamp, policy: Policy) -> Resources {
    Resources(
      slots: 1, memory: memory(at: now), committed: limits.memory,
      cpuMillis: cpuMillis(at: now, policy: policy))
  }

  private func memory(at now: Timestamp) -> Bytes {
    guard let workingSet else { return min(estimate.memory, limits.memory) }
    let settling = now < since + estimate.settling
    return min(settling ? max(workingSet, estimate.memory) : workingSet, limits.memory)
  }

  private func cpuMillis(at now: Timestamp, policy: Policy) -> Int64 {
    guard let cpuMillis else { return estimate.cpuMillis }
    let settling = now < since + policy.learning.cpuSettling
    return min(settling ? max(cpuMillis, estimate.cpuMillis) : cpuMillis, limits.cpuMillis)
  }

  /// Takes a measurement in; what it does not tell stays as it was.
  mutating func take(_ sample: UsageSample, at now: Timestamp, policy: Policy) {
    if let size = sample.workingSet {
      workingSet = size
      largest = max(largest, size)
      if timeToPeak == nil || size.rawValue > peak.rawValue.scaled(by: 11, over: 10) {
        peak = max(peak, size)
        timeToPeak = now - since
      }
    }
    if let cpu = sample.cpu { take(cpu: cpu, at: now) }
    if let hits = sample.memoryLimitHits { take(hits: hits, at: now, policy: policy) }
  }

  /// CPU is a decayed rate, half of it the newest interval.
  private mutating func take(cpu: Duration, at now: Timestamp) {
    if let last = lastCPU, now > last.time {
      let rate = max(0, (cpu - last.spent).microseconds).scaled(
        by: 1000, over: (now - last.time).microseconds)
      cpuMillis = cpuMillis.map { $0.adding(clamped: rate) / 2 } ?? rate
    }
    lastCPU = (cpu, now)
  }

  private mutating func take(hits: Int64, at now: Timestamp, policy: Policy) {
    if let last = lastHits, now > last.time {
      let rate = (Double(hits) - Double(last.count)) / (now - last.time).seconds
      let isFull = (workingSet ?? .zero).rawValue >= limits.memory.rawValue.scaled(by: 95, over: 100)
      let isThrashing = isFull && rate >= policy.thrashHitsPerSecond
      thrashingSince = isThrashing ? thrashingSince ?? last.time : nil
    }
    lastHits = (hits, now)
  }

  /// Whether it has been stuck at its memory limit for too long.
  func isStuck(at now: Timestamp, policy: Policy) -> Bool {
    thrashingSince.map { now - $0 >= policy.thrashTime } ?? false
  }
}
