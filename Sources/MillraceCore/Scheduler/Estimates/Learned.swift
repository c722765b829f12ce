/// What was measured of the attempts of one kind by one build of its plugin.
struct Learned: Sendable {
  private(set) var memory: SlidingWindow
  private(set) var cpuMillis: SlidingWindow
  private(set) var duration: SlidingWindow
  private(set) var settling: SlidingWindow

  /// The least time over which a rate is told, in microseconds: the period of `cpu.max` (cgroup v2). What is
  /// over sooner keeps no processor from others for longer than the kernel's own turn.
  private static let leastSpan: Int64 = 100_000

  init(window: Int) {
    memory = SlidingWindow(capacity: window)
    cpuMillis = SlidingWindow(capacity: window)
    duration = SlidingWindow(capacity: window)
    settling = SlidingWindow(capacity: window)
  }

  mutating func note(_ evidence: Evidence) {
    let length = max(evidence.duration.microseconds, 1)
    duration.insert(length)
    if let peak = evidence.memoryPeak { memory.insert(peak.rawValue) }
    if let cpu = evidence.cpu {
      cpuMillis.insert(cpu.microseconds.scaled(by: 1000, over: max(length, Self.leastSpan)))
    }
    settling.insert(min(evidence.timeToPeak?.microseconds ?? length, length))
  }
}

/// On what a figure rests.
package enum Basis: Hashable, Sendable, Codable {
  /// Too few attempts were measured: what the job, its handler or the defaults declare.
  case declared
  /// The maximum of so many attempts, while there are few.
  case maximum(of: Int)
  /// The 95th percentile of so many attempts.
  case percentile95(of: Int)

  /// The basis in words.
  package var text: String {
    switch self {
    case .declared: "declared"
    case .maximum(let count): "the most of \(count) runs"
    case .percentile95(let count): "p95 of \(count) runs"
    }
  }
}

/// What a waiting job is expected to need.
package struct Estimate: Hashable, Sendable {
  /// Memory, never more than the job's limit.
  package var memory: Bytes
  /// Thousandths of a processor, never more than the job's limit.
  package var cpuMillis: Int64
  /// The run time that orders the jobs: shorter ones are tried first.
  package var expectedRun: Duration
  /// The run time that a reservation counts with, never more than the timeout.
  package var runBound: Duration
  /// How long its memory may take to come near its peak.
  package var settling: Duration
  /// On what the memory rests.
  package var memoryBasis: Basis
  /// On what the run time rests.
  package var runBasis: Basis

  /// Makes an estimate.
  package init(
    memory: Bytes, cpuMillis: Int64, expectedRun: Duration, runBound: Duration, settling: Duration,
    memoryBasis: Basis, runBasis: Basis
  ) {
    self.memory = memory
    self.cpuMillis = cpuMillis
    self.expectedRun = expectedRun
    self.runBound = runBound
    self.settling = settling
    self.memoryBasis = memoryBasis
    self.runBasis = runBasis
  }
}
