extension Scheduler {
  /// Starts every job that may start now.
  mutating func admit(at now: Timestamp) -> [Action] {
    lastPass = now
    guard queuedInLanes > 0 else { return [] }
    closeEmptyLanes()
    var offsets = laneOffsets(at: now)
    var actions: [Action] = []
    var there: [Action] = []
    repeat {
      actions += startWhatFits(offsets, at: now)
      // What has outgrown this machine waits for the cluster now.
      if offsets.count < lanes.count { offsets = laneOffsets(at: now) }
      there = startOnCluster(offsets, at: now)
      actions += there
      // Who starts there may have held others back here: by a place that was kept for it, by the order of its
      // group, or by a job of the same handler, which that start has closed.
    } while !there.isEmpty
    countClosedLane(offsets, at: now)
    return actions
  }

  private mutating func startWhatFits(_ offsets: [Int64], at now: Timestamp) -> [Action] {
    var situation = situation(used: used(at: now), at: now)
    var actions: [Action] = []
    while !situation.isClosedForAll, let head = head(offsets, at: now), let job = waiting[head] {
      let estimate = estimates.estimate(for: job)
      let demand = demand(of: job, estimate)
      guard policy.fits(demand, beside: Resources()) else {
        park(job)
        continue
      }
      guard policy.fits(demand, beside: situation.used) else {
        keepBack(head, by: closedGate(for: demand, in: situation))
        actions += reclaim(for: demand, in: situation)
        return actions + backfill(behind: job, demand: demand, offsets, &situation)
      }
      actions.append(start(job, estimate, demand, &situation, isBackfill: false))
    }
    if situation.isClosedForAll, let head = head(offsets, at: now), let job = waiting[head] {
      keepBack(head, by: closedGate(for: demand(of: job, estimates.estimate(for: job)), in: situation))
    }
    return actions
  }

  /// Has idle warm hosts go if their memory is what the first job lacks; once for each look at the machine.
  private mutating func reclaim(for demand: Resources, in situation: Situation) -> [Action] {
    var rest = situation.used
    rest.memory = rest.memory - hostMemory
    guard !hasReclaimed, !policy.hasMemory(for: demand, beside: situation.used),
      policy.hasMemory(for: demand, beside: rest)
    else { return [] }
    hasReclaimed = true
    return [.reclaim]
  }

  /// Starts jobs that rank behind the first one and do not delay it (EASY).
  private mutating func backfill(
    behind head: WaitingJob, demand: Resources, _ offsets: [Int64], _ situation: inout Situation
  ) -> [Action] {
    guard policy.backfill != .none, situation.pressure.level == .none else { return [] }
    let now = situation.now
    let candidates = candidates(behind: head.id, offsets, at: now)
    guard !candidates.isEmpty else { return [] }
    var reservation = reservation(for: head, demand: demand, used: situation.used, at: now)
    var actions: [Action] = []
    for candidate in candidates where !situation.isClosedForAll {
      guard let job = waiting[candidate] else { continue }
      let estimate = estimates.estimate(for: job)
      let demand = self.demand(of: job, estimate)
      guard policy.fits(demand, beside: situation.used),
        let passage = reservation.passage(
          of: demand, expected: now + job.expectedRun, certain: now + job.longest),
        case let member = membership(of: job), handlers.isOpen(member, at: now),
        handlers.leavesRoom(for: membership(of: head), beside: member, at: now)
      else { continue }
      actions.append(start(job, estimate, demand, &situation, isBackfill: true))
      reservation.take(demand, by: passage)
    }
    return actions
  }

  func reservation(
    for head: WaitingJob, demand: Resources, used: Resources, at now: Timestamp
  ) -> Reservation {
    let ends = running.here.values.map {
      (time: $0.latestEnd(at: now), resources: $0.footprint.resources(at: now, policy: policy))
    }
    return Reservation(for: head, demand: demand, ends: ends, used: used, policy: policy)
  }

  private mutating func start(
    _ job: WaitingJob, _ estimate: Estimate, _ demand: Resources, _ situation: inout Situation,
    isBackfill: Bool
  ) -> Action {
    let action = start(
      job, estimate, demand, on: .local, used: situation.used, isBackfill: isBackfill, at: situation.now)
    lastStart = situation.now
    situation.take(demand)
    return action
  }

  /// Starts an attempt at a job that waits.
  mutating func start(
    _ job: WaitingJob, _ estimate: Estimate, _ demand: Resources, on place: Place, used: Resources,
    isBackfill: Bool, at now: Timestamp
  ) -> Action {
    let admission = Admission(
      demand: demand, used: used, capacity: policy.capacity, basis: estimate.memoryBasis,
      queued: queuedCount - 1, pressure: pressure.level, isBackfill: isBackfill, heldBy: held[job.id])
    guard var started = takeOut(job.id) else { preconditionFailure("job \(job.id) does not wait") }
    started.attempts += 1
    let attempt = RunningAttempt(
      id: AttemptID(job: job.id, number: started.attempts), job: started,
      place: place, build: handlers.rules[job.handler]?.build ?? "", groups: membership(of: job).groups,
      admitted: now, estimate: estimate)
    self.place(attempt)
    handlers.begin(attempt.member, at: now)
    return .start(attempt.id, started, admission, place)
  }

  /// The job with the lowest rank of all that may run here and whose handler and groups may run one more.
  func head(_ offsets: [Int64], at now: Timestamp) -> JobID? {
    first(offsets) { $0.key.placement != .slurm && isOpen($0, at: now) }?.job
  }

  /// The job with the lowest rank of all in the lanes that are wanted, and its lane.
  func first(_ offsets: [Int64], in isWanted: (Lane) -> Bool) -> (job: JobID, lane: Lane)? {
    var best: (entry: JobQueue.Entry, place: Int)?
    for (place, offset) in zip(lanes.indices, offsets) {
      guard let entry = lanes[place].first?.moved(by: offset) else { continue }
      if let best, !(entry < best.entry) { continue }
      if isWanted(lanes[place]) { best = (entry, place) }
    }
    return best.map { ($0.entry.member, lanes[$0.place]) }
  }

  /// The jobs that may be tried for backfill, in the order in which they are tried.
  private func candidates(behind head: JobID, _ offsets: [Int64], at now: Timestamp) -> [JobID] {
    let bound = policy.backfillWindow ?? Int.max
    // The last one has the job that comes first.
    var readers = nearestLanes(offsets, at: now, past: bound).reversed()
      .map { LaneReader(lanes[$0], offset: offsets[$0]) }
    var candidates: [(run: Duration, job: JobID)] = []
    while candidates.count < bound, var reader = readers.popLast() {
      let job = reader.head.member
      if job != head, let run = waiting[job]?.expectedRun { candidates.append((run, job)) }
      guard reader.advance() else { continue }
      readers.insert(reader, at: readers.place(of: reader))
    }
    guard policy.backfill == .shortestFirst else { return candidates.map(\.job) }
    // A stable order: among equals the lower rank, which is where they stand.
    return candidates.enumerated().sorted { left, right in
      (left.element.run, left.offset) < (right.element.run, right.offset)
    }.map(\.element.job)
  }

  /// The open lanes in the order of their first jobs, one more than a bound at most. There can be thousands:
  /// they are put in order before it is asked which are open.
  private func nearestLanes(_ offsets: [Int64], at now: Timestamp, past bound: Int) -> [Int] {
    let firsts = lanes.indices.filter { lanes[$0].key.placement != .slurm }.compactMap { lane in
      lanes[lane].first.map { (entry: $0.moved(by: offsets[lane]), lane: lane) }
    }
    var nearest: [Int] = []
    for (_, lane) in firsts.sorted(by: { $0.entry < $1.entry }) where isOpen(lanes[lane], at: now) {
      nearest.append(lane)
      if nearest.count > bound { break }
    }
    return nearest
  }

  func situation(used: Resources, at now: Timestamp) -> Situation {
    Situation(
      policy: policy, now: now, isDraining: isDraining, pause: pause, used: used, pressure: pressure,
      lastStart: lastStart)
  }

  /// Returns what the attempts that run here take, and the warm hosts.
  package func used(at now: Timestamp) -> Resources {
    running.here.values.reduce(Resources(memory: hostMemory)) {
      $0 + $1.footprint.resources(at: now, policy: policy)
    }
  }

  var hostMemory: Bytes { pressure.sample.hostMemory ?? .zero }

  private func closedGate(for demand: Resources, in situation: Situation) -> GateVerdict? {
    MachineGates.all.lazy.map { $0.verdict(on: demand, in: situation) }.first { !$0.isOpen }
  }
}
