extension Scheduler {
  /// Lets a job wait. One that is larger than the runner's whole capacity (it was accepted when there was
  /// more) stays out of the lanes, so that it holds nobody back; it can be cancelled, and a later runner
  /// may have the room.
  mutating func enqueue(_ job: WaitingJob) {
    precondition(waiting[job.id] == nil && attemptOf[job.id] == nil, "job \(job.id) is known already")
    var job = job
    if let time = job.notBefore {
      scheduled.insert(job.id, rank: time.rawValue)
    } else {
      let demand = settle(&job)
      if policy.fits(demand, beside: Resources()) {
        lanes[lane(of: job)].queue.insert(job.id, rank: job.rank)
        queuedInLanes += 1
      }
    }
    waiting[job.id] = job
  }

  /// Fixes a job's expected run time and rank by what is known now; returns what it takes.
  func settle(_ job: inout WaitingJob) -> Resources {
    let estimate = estimates.estimate(for: job)
    let demand = demand(of: job, estimate)
    job.expectedRun = estimate.expectedRun
    job.rank = policy.rank(of: job, taking: demand, meanRun: estimates.meanRun)
    return demand
  }

  /// Takes a waiting job out of wherever it waits; nil if it does not wait.
  mutating func takeOut(_ id: JobID) -> WaitingJob? {
    guard let job = waiting.removeValue(forKey: id) else { return nil }
    held[id] = nil
    if let time = job.notBefore {
      scheduled.remove(id, rank: time.rawValue)
    } else if lanes[lane(of: job)].queue.remove(id, rank: job.rank) {
      queuedInLanes -= 1
    }
    return job
  }

  private mutating func lane(of job: WaitingJob) -> Int {
    let key = LaneKey(handler: job.handler, share: job.share)
    if let lane = laneOf[key] { return lane }
    laneOf[key] = lanes.count
    lanes.append(Lane(key: key))
    return lanes.count - 1
  }

  /// What a job counts with when it starts.
  func demand(of job: WaitingJob, _ estimate: Estimate) -> Resources {
    Resources(
      slots: 1, memory: estimate.memory, committed: job.terms.limits.memory, cpuMillis: estimate.cpuMillis)
  }

  /// How many places each lane's jobs are moved back for fairness, in microseconds of rank.
  func laneOffsets(at now: Timestamp) -> [Int64] {
    guard let shares else { return [Int64](repeating: 0, count: lanes.count) }
    var use: [String: Double] = [:]
    for id in running.keys.sorted() {
      guard let attempt = running[id], let share = attempt.job.share else { continue }
      use[share, default: 0] +=
        policy.part(of: demand(of: attempt.job, attempt.footprint.estimate))
        * attempt.runTime(until: now).seconds
    }
    let penalties = shares.penalties(running: use, at: now)
    return lanes.map { $0.key.share.flatMap { penalties[$0] } ?? 0 }
  }
}
