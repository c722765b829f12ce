import MillraceCore

/// What a workload went through under a policy.
package struct WorkloadFigures: Sendable, Equatable {
  /// Jobs that have ended.
  package private(set) var jobs = 0
  /// Of them, those that failed.
  package private(set) var failed = 0
  /// Jobs that the machine could never have run.
  package var refused = 0
  /// From submission to the first start, in seconds, over all jobs.
  package var meanWait: Double { mean(waits) }
  package private(set) var maxWait = 0.0
  /// Of each job max(1, (wait + run) / max(run, 10 s)).
  package var meanBoundedSlowdown: Double { mean(slowdowns) }
  package private(set) var maxBoundedSlowdown = 0.0
  /// How often the machine's memory ran out and something was killed for it.
  package var outOfMemoryKills = 0
  /// How often an attempt was ended by its own memory limit.
  package var ownLimitKills = 0
  package var evictions = 0

  private var waits = 0.0
  private var slowdowns = 0.0
  private var processorTime = 0.0
  private var firstSubmission: Timestamp?
  private var lastEnd: Timestamp?
  private let cpuMillis: Int64
  /// What workloads before this one took, and what their machines had.
  private var earlierMakespan = 0.0
  private var earlierCapacity = 0.0

  /// Makes the figures of nothing, on a machine with so many thousandths of a processor.
  package init(cpuMillis: Int64) { self.cpuMillis = cpuMillis }

  /// From the first submission to the last end, in seconds; of several workloads, one after the other.
  package var makespan: Double { earlierMakespan + ownMakespan }

  private var ownMakespan: Double {
    guard let firstSubmission, let lastEnd else { return 0 }
    return (lastEnd - firstSubmission).seconds
  }

  /// The part of the processors' time, from the first submission to the last end, in which a job had them.
  package var utilisation: Double {
    let whole = capacity
    return whole > 0 ? processorTime / whole : 0
  }

  /// The processors' time, from the first submission to the last end.
  private var capacity: Double { earlierCapacity + ownMakespan * Double(cpuMillis) / 1000 }

  /// Adds another workload on another machine.
  package mutating func add(_ other: WorkloadFigures) {
    jobs += other.jobs
    failed += other.failed
    refused += other.refused
    outOfMemoryKills += other.outOfMemoryKills
    ownLimitKills += other.ownLimitKills
    evictions += other.evictions
    waits += other.waits
    slowdowns += other.slowdowns
    processorTime += other.processorTime
    maxWait = max(maxWait, other.maxWait)
    maxBoundedSlowdown = max(maxBoundedSlowdown, other.maxBoundedSlowdown)
    earlierMakespan += other.makespan
    earlierCapacity += other.capacity
  }

  /// Counts a job that has ended; `start` is its first one, nil if it never began, `run` the length of its last
  /// attempt.
  mutating func count(
    submitted: Timestamp, start: Timestamp?, ended: Timestamp, run: Duration, isFailed: Bool
  ) {
    jobs += 1
    if isFailed { failed += 1 }
    firstSubmission = min(firstSubmission ?? submitted, submitted)
    lastEnd = max(lastEnd ?? ended, ended)
    // A clock that was set back between two runners can make it negative.
    let wait = max(0, ((start ?? ended) - submitted).seconds)
    waits += wait
    maxWait = max(maxWait, wait)
    let slowdown = max(1, (ended - submitted).seconds / max(run.seconds, 10))
    slowdowns += slowdown
    maxBoundedSlowdown = max(maxBoundedSlowdown, slowdown)
  }

  /// Counts an attempt's hold on processors.
  mutating func use(cpuMillis: Int64, for time: Duration) {
    processorTime += Double(cpuMillis) / 1000 * time.seconds
  }

  private func mean(_ sum: Double) -> Double { jobs == 0 ? 0 : sum / Double(jobs) }
}
