/// Why a job waits: every gate, who comes first, and what it is expected to need.
package struct Explanation: Sendable, Equatable {
  /// Every gate, open or closed; none is left out.
  package var gates: [GateVerdict]
  /// How many queued jobs rank before it; nil if it waits for a time.
  package var ahead: Int?
  /// What it is expected to need, and on what that rests.
  package var estimate: Estimate
  /// When it fails if it has not been started, or has not ended, by then; nil if it may wait for ever.
  package var expires: Timestamp?

  package init(gates: [GateVerdict], ahead: Int?, estimate: Estimate, expires: Timestamp? = nil) {
    self.gates = gates
    self.ahead = ahead
    self.estimate = estimate
    self.expires = expires
  }
}

extension Scheduler {
  /// Returns why a job waits; nil if it does not wait.
  package func explanation(of id: JobID, at now: Timestamp) -> Explanation? {
    (waiting[id] ?? dependencies.job(id)).map { explanation(of: $0, at: now) }
  }

  /// Returns what would hold a job back if it were submitted now.
  package func explanation(ofNew job: WaitingJob, at now: Timestamp) -> Explanation {
    var job = job
    _ = appraise(&job)
    return explanation(of: job, at: now)
  }

  private func explanation(of job: WaitingJob, at now: Timestamp) -> Explanation {
    var job = job
    let estimate = estimates.estimate(for: job)
    // The place that it would have if its time had come.
    let isBlocked = dependencies.contains(job.id)
    if job.notBefore != nil || isBlocked { _ = appraise(&job) }
    let demand = demand(of: job, estimate)
    let situation = situation(used: used(at: now), at: now)
    let machine = job.placement == .slurm ? [RunnerGate()] : MachineGates.all
    var gates = machine.map { $0.verdict(on: demand, in: situation) }
    let own = [holdVerdict(job), dependencyVerdict(job.id), timeVerdict(job, at: now)]
    gates.insert(contentsOf: memberVerdicts(job, at: now) + own, at: 1)
    let ahead = jobsAhead(of: job, at: now)
    if job.placement != .slurm {
      gates.append(reservationVerdict(job, demand, estimate, ahead: ahead, situation))
    }
    if job.placement != .local { gates.append(clusterVerdict(on: job, at: now)) }
    return Explanation(
      gates: gates, ahead: job.notBefore == nil && !isBlocked ? ahead : nil, estimate: estimate,
      expires: job.expiry)
  }

  private func timeVerdict(_ job: WaitingJob, at now: Timestamp) -> GateVerdict {
    let time = job.notBefore.flatMap { $0 > now ? $0 : nil }
    return GateVerdict(gate: .notBefore, isOpen: time == nil, opensAt: time)
  }

  /// How many jobs in open lanes rank before a job, of those that may run where it may.
  private func jobsAhead(of job: WaitingJob, at now: Timestamp) -> Int {
    let offsets = laneOffsets(at: now)
    let own = laneOf[LaneKey(of: job)]
    let rank = job.rank.adding(clamped: own.map { offsets[$0] } ?? 0)
    return zip(lanes, offsets).enumerated().reduce(0) { count, entry in
      let (lane, offset) = entry.element
      guard entry.offset == own || lane.key.placement.competes(with: job.placement) && isOpen(lane, at: now)
      else { return count }
      return count
        + lane.countBefore(
          rank: rank.adding(clamped: -offset), job: job.id, isOwn: entry.offset == own)
    }
  }

  /// Closed if jobs come first and it could not start beside the place that is kept for the first one.
  private func reservationVerdict(
    _ job: WaitingJob, _ demand: Resources, _ estimate: Estimate, ahead: Int, _ situation: Situation
  ) -> GateVerdict {
    let now = situation.now
    guard ahead > 0, let head = head(laneOffsets(at: now), at: now), head != job.id, let first = waiting[head]
    else { return GateVerdict(gate: .reservation, isOpen: true, used: Int64(ahead)) }
    let needed = self.demand(of: first, estimates.estimate(for: first))
    let reservation = reservation(for: first, demand: needed, used: situation.used, at: now)
    let mayPass =
      policy.backfill != .none && situation.pressure.level == .none
      && !policy.fits(needed, beside: situation.used)
      && reservation.passage(
        of: demand, expected: now + job.expectedRun, certain: now + job.longest) != nil
    return GateVerdict(
      gate: .reservation, isOpen: mayPass, used: Int64(ahead), opensAt: mayPass ? nil : reservation.start,
      subject: "\(head)")
  }
}

extension Scheduler {
  /// Returns what was learned of a handler's jobs: all of them first, then its classes by name.
  package func statistics(of handler: String) -> [Statistics] { estimates.statistics(of: handler) }

  /// Returns the memory and the run time that the next job of a handler is expected to need, whatever its
  /// class; nil while too little is known.
  package func expectation(of handler: String) -> (memory: Bytes?, run: Duration?) {
    estimates.expectation(of: handler)
  }

  /// Returns a memory limit for jobs that declare none; nil while too little is known.
  package func learnedLimit(handler: String, jobClass: String?) -> Bytes? {
    estimates.limit(handler: handler, jobClass: jobClass)
  }

  /// How short memory is, and in words.
  package var pressureLevel: Pressure { pressure.level }
  package var pressureText: String { pressure.text }
  /// The last that was told of the machine.
  package var machine: MachineSample { pressure.sample }
}
