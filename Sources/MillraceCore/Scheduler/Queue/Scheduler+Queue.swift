extension Scheduler {
  /// Lets a job wait.
  mutating func enqueue(_ job: WaitingJob) {
    precondition(waiting[job.id] == nil && attemptOf[job.id] == nil, "job \(job.id) is known already")
    var job = job
    lines.join(job.id, handlers.lines(of: membership(of: job)))
    if let other = exemplars[job.handler] { job.shareTerms(with: other) }
    exemplars[job.handler] = job
    watchExpiry(of: job)
    if let time = job.notBefore {
      scheduled.insert(job.id, rank: time.rawValue)
    } else if job.isHeld {
      _ = appraise(&job)
      onHold.insert(job.id)
    } else {
      let demand = appraise(&job)
      line(up: job, needing: demand)
    }
    waiting[job.id] = job
  }

  /// Fixes a job's expected run time, rank and placement by what is known now; returns what it takes.
  func appraise(_ job: inout WaitingJob) -> Resources {
    let estimate = estimates.estimate(for: job)
    let demand = demand(of: job, estimate)
    job.expectedRun = estimate.expectedRun
    job.rank = policy.rank(of: job, taking: demand, meanRun: estimates.meanRun)
    job.placement = placement(of: job, needing: demand)
    return demand
  }

  /// Puts a job into its lane. One that is larger than the runner's whole capacity (it was accepted when
  /// there was more, or less was known of it) stays out of the lanes, so that it holds nobody back.
  private mutating func line(up job: WaitingJob, needing demand: Resources) {
    if job.placement == .slurm || policy.fits(demand, beside: Resources()) {
      lanes[lane(of: job)].insert(job.id, rank: job.rank)
      queuedInLanes += 1
    } else {
      parked[job.handler, default: []].insert(job.id)
    }
  }

  /// Takes a job out of its lane that does not fit any more even if nothing else ran; one that may also run
  /// elsewhere waits for that.
  mutating func park(_ job: WaitingJob) {
    if job.placement == .auto, let job = takeOut(job.id) { return enqueue(job) }
    if lanes[lane(of: job)].remove(job.id, rank: job.rank) { queuedInLanes -= 1 }
    parked[job.handler, default: []].insert(job.id)
  }

  /// Looks at a handler's jobs again that did not fit by what was known of them.
  mutating func unpark(_ handler: String) {
    guard let ids = parked.removeValue(forKey: handler) else { return }
    for id in ids.sorted() {
      guard let job = waiting[id] else { continue }
      line(up: job, needing: demand(of: job, estimates.estimate(for: job)))
    }
  }

  /// Takes a waiting job out of wherever it waits; nil if it does not wait.
  mutating func takeOut(_ id: JobID) -> WaitingJob? {
    guard let job = waiting.removeValue(forKey: id) else { return nil }
    held[id] = nil
    lines.leave(id, handlers.lines(of: membership(of: job)))
    forgetExpiry(of: job)
    if let time = job.notBefore {
      scheduled.remove(id, rank: time.rawValue)
    } else if onHold.remove(id) != nil {
      return job
    } else if lanes[lane(of: job)].remove(id, rank: job.rank) {
      queuedInLanes -= 1
    } else {
      parked[job.handler]?.remove(id)
    }
    return job
  }

  /// Forgets lanes in which nobody waits, when they are many: shares and groups come and go.
  mutating func closeEmptyLanes() {
    guard lanes.count > 64, lanes.count(where: \.isEmpty) > lanes.count / 2 else { return }
    lanes.removeAll(where: \.isEmpty)
    laneOf = Dictionary(uniqueKeysWithValues: lanes.enumerated().map { ($1.key, $0) })
  }

  mutating func lane(of job: WaitingJob) -> Int {
    let key = LaneKey(of: job)
    if let lane = laneOf[key] { return lane }
    laneOf[key] = lanes.count
    let member = membership(of: job)
    lanes.append(Lane(key: key, member: member, lines: handlers.lines(of: member)))
    return lanes.count - 1
  }

  /// In whose bounds a job counts.
  func membership(of job: WaitingJob) -> Membership { handlers.membership(of: job.handler, in: job.group) }

  /// Whether the first job of a lane may start, as far as its handler and its groups are concerned.
  func isOpen(_ lane: Lane, at now: Timestamp) -> Bool {
    guard let first = lane.first else { return false }
    return lines.isNext(first.member, in: lane.lines) && handlers.isOpen(lane.member, at: now)
  }

  /// What a job counts with when it starts.
  func demand(of job: WaitingJob, _ estimate: Estimate) -> Resources {
    Resources(
      slots: 1, memory: estimate.memory, committed: job.limits.memory, cpuMillis: estimate.cpuMillis)
  }

  /// The part of the machine that an attempt was admitted with.
  func part(of attempt: RunningAttempt) -> Double {
    policy.part(of: demand(of: attempt.job, attempt.footprint.estimate))
  }

  /// How many places each lane's jobs are moved back for fairness, in microseconds of rank.
  func laneOffsets(at now: Timestamp) -> [Int64] {
    guard let shares else { return [Int64](repeating: 0, count: lanes.count) }
    var use: [String: Double] = [:]
    for id in running.ids {
      guard let attempt = running[id], let share = attempt.job.share else { continue }
      use[share, default: 0] += part(of: attempt) * attempt.runTime(until: now).seconds
    }
    return shares.penalties(of: lanes.map(\.key.share), running: use, at: now)
  }
}
