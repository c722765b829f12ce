import MillraceCore

/// A large cluster, jobs for it, and what goes wrong there, from a seed.
package struct ClusterWorkload: Sendable {
  package var seed: UInt64 = 1
  package var nodes = 1000
  package var jobs = 100_000
  /// How often a node goes down; half as often one is at fault.
  package var failures = 200
  /// How many attempts may be there at once.
  package var outstanding = 10_000

  package init() {}

  static let processorsPerNode = 16
  static let memoryPerNode = Bytes.gibibytes(64)

  /// What jobs of one handler are like.
  struct Kind {
    var name: String
    var seconds: Int64
    var cpuMillis: Int64
    var memory: Bytes
  }

  /// Twenty handlers: jobs of 20 s to 20 min on 1 to 8 processors.
  func kinds() -> [Kind] {
    var random = SeededGenerator(seed: seed)
    return (0..<20).map { place in
      Kind(
        name: "kind-\(place)", seconds: Int64.random(in: 20...1200, using: &random),
        cpuMillis: [1000, 1000, 1000, 2000, 4000, 8000][place % 6],
        memory: .mebibytes(Int64.random(in: 512...12_288, using: &random)))
    }
  }

  /// The machine of the runner, and how it uses the cluster.
  var policy: Policy {
    var policy = Policy(slots: 32, memory: .gibibytes(64), cpuMillis: 16_000, maxQueued: .max)
    var rules = ClusterRules()
    rules.outstanding = outstanding
    policy.cluster = rules
    policy.seed = seed
    return policy
  }

  /// The time between two submissions, in microseconds: a fifth faster than the cluster can take them.
  func gap(_ kinds: [Kind]) -> Int64 {
    let work = kinds.reduce(0) { $0 + $1.seconds * $1.cpuMillis } * 1000 / Int64(kinds.count)
    return max(1, work / Int64(nodes * Self.processorsPerNode) * 5 / 6)
  }

  /// Makes a job; some of every kind may run here too, some need another one.
  func job(_ number: Int64, _ kinds: [Kind], at time: Timestamp) -> Job {
    var random = SeededGenerator(seed: seed &+ UInt64(bitPattern: number) &* 0x9e37_79b9_7f4a_7c15)
    let kind = kinds[Int.random(in: kinds.indices, using: &random)]
    var terms = Terms(
      limits: Limits(memory: kind.memory, cpuMillis: kind.cpuMillis, pids: 8),
      timeout: .seconds(4 * kind.seconds), grace: .seconds(5), maxAttempts: 3, retryDelay: .seconds(5))
    // No more than the runner's own machine can take.
    let lot = Int.random(in: 0..<2000, using: &random)
    terms.place = lot == 0 ? .local : lot < 100 ? .auto : .slurm
    var submission = Submission(
      handler: kind.name, terms: terms,
      priority: Priority(rawValue: Int.random(in: 1...10, using: &random)) ?? .default)
    if number > 1, random.oneIn(20) {
      let needed = Int64.random(in: max(1, number - 100)...number - 1, using: &random)
      submission.after = [Dependency(.job(JobID(needed)), .any)]
    }
    return Job(id: JobID(number), submission: submission, submitted: time, state: .queued)
  }

  /// What becomes of an attempt, by its number alone.
  func fate(of id: AttemptID, _ kind: Kind) -> (run: Duration, report: AttemptReport) {
    let own = UInt64(bitPattern: id.job.rawValue) &* 0xd6e8_feb8_6659_fd93 &+ UInt64(id.number)
    var random = SeededGenerator(seed: seed &+ own &* 0xa076_1d64_78bd_642f)
    let run = kind.seconds * Int64.random(in: 500...1500, using: &random)
    let peak = Bytes(kind.memory.rawValue / 100 * Int64.random(in: 30...60, using: &random))
    let usage = Usage(memoryPeak: peak, cpuUser: .milliseconds(run * kind.cpuMillis / 1000), cpuSystem: .zero)
    let lot = Int.random(in: 0..<200, using: &random)
    let failure = Failure(code: "no", message: "it would not", isRetryable: true)
    let report =
      switch lot {
      case 0: AttemptReport(exit: .signalled(signal: 11), usage: usage, word: nil)
      case 1, 2: AttemptReport(exit: .exited(code: 1), usage: usage, word: .failed(failure))
      default: AttemptReport(exit: .exited(code: 0), usage: usage, word: .done(nil))
      }
    return (.milliseconds(run), report)
  }
}
