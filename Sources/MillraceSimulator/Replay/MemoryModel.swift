package import MillraceCore

/// How the made-up machine's memory behaves.
package struct MemoryModel: Sendable, Equatable {
  /// What there is; when more is held the kernel kills the largest.
  package var size: Bytes
  /// The part of its run over which an attempt grows to its peak, in steps; 0 for at once.
  package var ramp = 0.2
  /// Whether what each attempt holds is measured; if not, admission counts what it was expected to need.
  package var isMeasured = true

  package init(size: Bytes) { self.size = size }

  static let steps: Int64 = 4
}

extension Replay {
  /// Plans how an attempt comes to its peak, and when it is sampled: at each step, and ever more rarely until
  /// it counts as settled, for between those nothing changes.
  mutating func planGrowth(of id: AttemptID, _ known: KnownJob) {
    guard let memory, let peak = known.peak else { return }
    let rise = Int64(Double(known.run.microseconds) * memory.ramp)
    for step in 0..<MemoryModel.steps {
      let size = Bytes(peak.rawValue / MemoryModel.steps * (step + 1))
      let time = now.rawValue + rise * step / (MemoryModel.steps - 1)
      agenda.plan(.grows(id, to: step == MemoryModel.steps - 1 ? peak : size), at: time)
      if rise == 0, step == 0 { break }
    }
    for second in Self.sampleTimes where .seconds(second) < known.run {
      agenda.plan(.sampled(id), at: now.rawValue + second * 1_000_000)
    }
  }

  /// Seconds after the start; the last is after the longest settling time.
  private static let sampleTimes: [Int64] = [1, 4, 11, 32, 128, 601]

  /// Lets an attempt hold more, and the kernel kill if that is too much.
  mutating func grow(_ id: AttemptID, to size: Bytes) throws(SimulatorError) -> [Event] {
    guard let memory, let attempt = live[id], let known = open[id.job]?.known else { return [] }
    guard attempt.frozenSince == nil else {
      agenda.plan(.grows(id, to: size), at: now.rawValue + 1_000_000)
      return []
    }
    guard size <= known.submission.terms.limits.memory else {
      return [.ended(id, end(of: id, .ownLimit))]
    }
    treeMemory = treeMemory - attempt.use + size
    live[id]?.use = size
    live[id]?.peak = max(attempt.peak, size)
    var events: [Event] = []
    while treeMemory > memory.size, let victim = largest() {
      figures.outOfMemoryKills += 1
      let kills = (open[victim.job]?.pressureKills ?? 0) + 1
      open[victim.job]?.pressureKills = kills
      guard kills <= 1000 else {
        throw SimulatorError("job \(known.number) was killed \(kills) times for memory that others took")
      }
      events.append(.ended(victim, end(of: victim, .machine)))
    }
    return events
  }

  /// The attempt that holds the most; among equals the last one.
  private func largest() -> AttemptID? {
    live.max { left, right in
      left.value.use == right.value.use ? left.key < right.key : left.value.use < right.value.use
    }?.key
  }

  /// What the runner measures of some attempts, and of the machine.
  func sample(of ids: [AttemptID]) -> Event {
    var samples: [AttemptID: UsageSample] = [:]
    for id in ids {
      guard let attempt = live[id] else { continue }
      var sample = UsageSample()
      if memory?.isMeasured ?? false { sample.workingSet = attempt.use }
      if let rate = open[id.job]?.known.cpuMillis { sample.cpu = (now - attempt.started) * Int(rate) / 1000 }
      samples[id] = sample
    }
    return .sampled(samples, MachineSample(treeMemory: treeMemory))
  }

  /// While memory is critically short, time alone makes the scheduler do something about it.
  mutating func keepLooking() {
    guard memory != nil, !isLooking, scheduler.pressureLevel == .critical, !live.isEmpty else { return }
    isLooking = true
    agenda.plan(.looked, at: now.rawValue + 1_000_000)
  }
}
