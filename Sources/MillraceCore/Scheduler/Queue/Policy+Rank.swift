extension Policy {
  /// Returns a job's place in the queue: smaller is sooner, in microseconds.
  ///
  /// It never changes with time, so neither does the order between two jobs; `aging` later, a job is worth
  /// one step of priority more than a newcomer. With `Order.slowdown` a job stands back by its expected run
  /// time, but never by more than `stretch` mean run times: nobody is overtaken for ever.
  ///
  /// - Parameters:
  ///   - job: the job, with its expected run time.
  ///   - demand: what it takes.
  ///   - meanRun: the mean run time of all attempts so far; nil if there were none.
  /// - Returns: the rank.
  func rank(of job: WaitingJob, taking demand: Resources, meanRun: Duration?) -> Int64 {
    let step = aging.microseconds.scaled(by: -Int64(job.priority.rawValue))
    let rank = job.enqueued.rawValue.adding(clamped: step)
    switch order {
    case .priority: return rank
    case .slowdown:
      let length = min(job.expectedRun, meanRun ?? job.timeout).microseconds
      let back = Double(length) * Double(stretch) * (1 - part(of: demand))
      return rank.adding(clamped: Int64(min(back, 0x1p62)))
    }
  }

  /// The part of the machine that a job takes, at most 1: the larger one of memory and processors (dominant
  /// resource: Ghodsi et al., "Dominant Resource Fairness", NSDI 2011).
  func part(of demand: Resources) -> Double {
    let memory = Double(demand.memory.rawValue) / Double(max(1, capacity.memory.rawValue))
    return min(1, max(memory, Double(demand.cpuMillis) / Double(max(1, capacity.cpuMillis))))
  }
}
