extension Scheduler {
  /// Takes in how the machine is, and makes room if memory stays critically short: the last-ranked attempt is
  /// frozen, and evicted if that does not help; when the pressure goes, it goes on.
  mutating func relieve(_ machine: MachineSample, at now: Timestamp) -> [Action] {
    var actions: [Action] = []
    if pressure.take(machine, capacity: policy.capacity.memory, rules: policy.pressure, at: now) {
      actions.append(.notice(.pressure(pressure.level, cause: pressure.text)))
    }
    guard pressure.level == .critical else {
      lastRelief = nil
      return actions + thawAll(at: now)
    }
    guard let freezeAfter = policy.pressure.freezeAfter, !isDraining else { return actions }
    let waitedSince = lastRelief ?? pressure.since ?? now
    if let frozen = running.here.values.filter({ $0.frozenSince != nil }).map(\.id).min() {
      guard now - waitedSince >= policy.pressure.evictAfter else { return actions }
      lastRelief = now
      return actions + advance(frozen, by: .stopRequested(.evicted), at: now) + [.notice(.evicted(frozen))]
    }
    guard now - waitedSince >= freezeAfter, let last = lastRanked() else { return actions }
    lastRelief = now
    return actions + advance(last, by: .freezeRequested, at: now) + [.notice(.frozen(last))]
  }

  /// Lets every frozen attempt go on.
  mutating func thawAll(at now: Timestamp) -> [Action] {
    running.here.values.filter { $0.frozenSince != nil }.map(\.id).sorted().flatMap { id in
      advance(id, by: .thawRequested, at: now) + [.notice(.thawed(id))]
    }
  }

  /// The running attempt whose job ranks last; nil if there is only one, for its freezing would help nobody.
  private func lastRanked() -> AttemptID? {
    let candidates = running.here.values.filter(\.isRunning)
    guard candidates.count > 1 else { return nil }
    return candidates.max { left, right in
      let ranks = (left.job.rank, right.job.rank)
      return ranks.0 == ranks.1 ? left.id < right.id : ranks.0 < ranks.1
    }?.id
  }
}
