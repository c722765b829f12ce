/// What a running attempt costs in admission: what it was expected to need while it settles, then what is
/// measured; never more than its limit.
struct Footprint: Sendable {
  let estimate: Bytes
  let limits: Limits
  let since: Timestamp
  private var workingSet: Bytes?
  private var cpuMillis: Int64?
  private var lastCPU: (spent: Duration, time: Timestamp)?
  private var lastHits: (count: Int64, time: Timestamp)?
  private var thrashingSince: Timestamp?

  init(estimate: Bytes, limits: Limits, since: Timestamp) {
    self.estimate = estimate
    self.limits = limits
    self.since = since
  }

  /// Returns the memory that it counts with.
  func memory(at now: Timestamp, policy: Policy) -> Bytes {
    guard let workingSet else { return min(estimate, limits.memory) }
    let settling = now < since + policy.memorySettling
    return min(settling ? max(workingSet, estimate) : workingSet, limits.memory)
  }

  /// Returns the thousandths of a processor that it counts with.
  func cpuMillis(at now: Timestamp, policy: Policy) -> Int64 {
    guard let cpuMillis else { return limits.cpuMillis }
    let settling = now < since + policy.cpuSettling
    return min(settling ? max(cpuMillis, limits.cpuMillis) : cpuMillis, limits.cpuMillis)
  }

  /// Takes a measurement in; what it does not tell stays as it was.
  mutating func take(_ sample: UsageSample, at now: Timestamp, policy: Policy) {
    workingSet = sample.workingSet ?? workingSet
    if let cpu = sample.cpu { take(cpu: cpu, at: now) }
    if let hits = sample.memoryLimitHits { take(hits: hits, at: now, policy: policy) }
  }

  /// CPU is a decayed rate, half of it the newest interval.
  private mutating func take(cpu: Duration, at now: Timestamp) {
    if let last = lastCPU, now > last.time {
      let rate = Int64((cpu - last.spent).seconds / (now - last.time).seconds * 1000)
      cpuMillis = cpuMillis.map { ($0 + rate) / 2 } ?? rate
    }
    lastCPU = (cpu, now)
  }

  private mutating func take(hits: Int64, at now: Timestamp, policy: Policy) {
    if let last = lastHits, now > last.time {
      let rate = Double(hits - last.count) / (now - last.time).seconds
      let isFull = (workingSet?.rawValue ?? 0) * 100 >= limits.memory.rawValue * 95
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
