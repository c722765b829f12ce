/// What the scheduler goes by; the operator's settings.
package struct Policy: Sendable, Equatable {
  /// What running attempts may take together; `committed` bounds the sum of their limits.
  package var capacity: Resources
  /// The memory that stays free for the growth of attempts that run beside each other: were it given out too,
  /// attempts that use what they are expected to would bring each other under pressure.
  package var headroom = Bytes.zero
  /// Whether processors are shared.
  package var processors = Processors.shared
  /// How many jobs may wait; more are refused.
  package var maxQueued: Int
  /// How long one step of priority is worth: a job of priority 5 comes before one of priority 6 that was
  /// submitted so much later.
  package var aging: Duration
  /// How jobs are ordered.
  package var order = Order.priority
  /// Which jobs may start before the first one.
  package var backfill = Backfill.shortestFirst
  /// How many jobs behind the first one are looked at for backfill; nil for all.
  package var backfillWindow: Int? = 256
  /// A job that is only expected, not certain, to end in time may pass the first one as long as that one can
  /// still start within so many of its own time limits after its submission.
  package var patience = 4
  /// With `Order.slowdown`: how many times its expected run time a job stands back, at most that of the mean
  /// job, and less the more of the machine it takes.
  package var stretch = 20
  /// What is learned from attempts that have ended.
  package var learning = Learning()
  /// The least time between two starts.
  package var stagger: Duration = .zero
  /// The same while there is pressure (`warning`).
  package var staggerUnderPressure: Duration = .seconds(1)
  /// What is done about pressure.
  package var pressure = PressureRules()
  /// The groups of handlers, by name.
  package var groups: [String: GroupRules] = [:]
  /// The group of each handler that is in one.
  package var groupOf: [String: String] = [:]
  /// How usage counts in the order of jobs; nil if it does not.
  package var fairShare: FairShareRules?
  /// An attempt that fills its memory limit and hits it this often a second …
  package var thrashHitsPerSecond = 1000.0
  /// … for this long is stuck in reclaim and is ended as if the kernel had killed it.
  package var thrashTime: Duration = .seconds(15)
  /// The longest wait between two attempts.
  package var maxRetryDelay: Duration = .seconds(3600)
  /// How often in a row an attempt may be lost before its job fails.
  package var maxLosses = 5
  /// How often in a row nodes of the cluster may be unable to run an attempt before its job fails.
  package var maxNodeFaults = 20
  /// How often in a row an attempt may crash before its job fails, whatever attempts it has left; 1 to 100.
  package var maxCrashes = 3
  /// When a handler is no longer tried for a while, where nothing else is said of it; nil for never.
  package var breaker: BreakerRules? = BreakerRules()
  /// How the cluster is used; nil without one.
  package var cluster: ClusterRules?
  /// What the jitter of retries is drawn from.
  package var seed: UInt64 = 0

  /// Makes a policy; what is left out has its default. Limits may be over-committed tenfold.
  package init(
    slots: Int, memory: Bytes, cpuMillis: Int64, maxQueued: Int = 100_000, aging: Duration = .seconds(1800),
    overcommit: Double = 10
  ) {
    let promised = Double(memory.rawValue) * overcommit
    capacity = Resources(
      slots: slots, memory: memory,
      committed: promised < 0x1p63 ? Bytes(Int64(max(promised, 0))) : Bytes(.max), cpuMillis: cpuMillis)
    self.maxQueued = maxQueued
    self.aging = aging
  }

  /// How processors are given out.
  package enum Processors: String, Sendable, CaseIterable {
    /// A job starts while some are left, for they can be shared.
    case shared
    /// A job starts when all that it needs are free.
    case whole
  }

  /// How jobs are ordered.
  package enum Order: String, Sendable, CaseIterable {
    /// By time of submission and priority.
    case priority
    /// The same, with what the job is expected to take added: short ones come sooner.
    case slowdown
  }

  /// Which jobs may start before the first one, when that one does not fit yet (EASY: none that delays it).
  package enum Backfill: String, Sendable, CaseIterable {
    case none
    /// Candidates are tried in the order of rank.
    case inOrder
    /// Candidates are tried in the order of their expected run time.
    case shortestFirst
  }

  /// What is learned from attempts that have ended, per handler and class.
  package struct Learning: Sendable, Equatable {
    /// Whether estimates are learned; if not, every job counts with what it declares.
    package var isOn = true
    /// How many of the last attempts count.
    package var window = 200
    /// With fewer attempts the declared values count.
    package var few = 5
    /// With fewer attempts the largest figure counts, else the 95th percentile.
    package var some = 20
    /// How many of the last attempts make the expected run time.
    package var recent = 8
    /// How long an attempt counts with its estimate before only its measured memory counts, while nothing is
    /// learned.
    package var settling: Duration = .seconds(10)
    /// The same for processors.
    package var cpuSettling: Duration = .seconds(1)

    package init() {}
  }

  /// The policy of a name, over these settings: `fcfs` and `easy` as the literature has them, `default`,
  /// `slowdown`.
  package mutating func apply(_ preset: Preset) {
    switch preset {
    case .fcfs: (order, backfill, learning.isOn) = (.priority, .none, false)
    case .easy: (order, backfill, learning.isOn) = (.priority, .inOrder, false)
    case .default: (order, backfill, learning.isOn) = (.priority, .shortestFirst, true)
    case .slowdown: (order, backfill, learning.isOn) = (.slowdown, .shortestFirst, true)
    }
  }

  /// The policies that have a name.
  package enum Preset: String, Sendable, CaseIterable { case fcfs, easy, `default`, slowdown }
}
