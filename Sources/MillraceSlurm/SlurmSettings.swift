package import MillraceCore
import MillraceEngine

/// How Slurm is used; the operator's settings.
package struct SlurmSettings: Sendable, Equatable {
  /// Where `sbatch`, `squeue`, `scontrol` and `scancel` lie.
  package var commands = "/usr/bin"
  /// Slurm's configuration; nil for the usual one.
  package var configuration: String?
  /// The directory through which runner and nodes talk: the same path on all of them.
  package var spool: String
  /// Where nodes reach this machine, if they do not share the spool, `HOST:PORT`; nil if they do.
  package var address: String?
  /// Where this machine listens for them; nil for the same.
  package var listen: String?
  /// Where the runner notes what it has out there, for the runner after it; nil for in the spool. Best on
  /// this machine: then it is seen if the spool is not mounted, or another one.
  package var ledger: String?
  /// The program `millrace-host` on the nodes.
  package var host: String
  /// As whom jobs run there; only root can choose another than itself.
  package var user: User
  /// What is asked for, unless a rule says otherwise.
  package var defaults = SlurmOptions()
  /// The first one that fits an attempt counts.
  package var rules: [SlurmRule] = []
  package var bundles = BundleRules()
  /// How often the spool is looked at while something is out there.
  package var look: Duration = .seconds(1)
  /// How often Slurm is asked what becomes of jobs, and how often of its nodes.
  package var poll: Duration = .seconds(5)
  package var nodePoll: Duration = .seconds(15)
  /// How often a host tells that it is there.
  package var beat: Duration = .seconds(5)
  /// How long a host goes on without being able to tell that; then it kills all that it runs.
  package var fence: Duration = .seconds(60)
  /// How much longer is waited before that is taken for granted.
  package var fenceMargin: Duration = .seconds(15)
  /// How long what a node wrote may take to be seen here, once Slurm says that a job is over.
  package var settle: Duration = .seconds(5)
  /// How long a bundle waits that Slurm refuses for want of the nodes that it must not get; then it may get
  /// them.
  package var excludedWait: Duration = .seconds(30)
  /// How long a late end of an attempt that was given up as lost is waited for.
  package var lateFor: Duration = .seconds(3600)
  /// Whether a host runs nothing unless its memory is limited there.
  package var demandsCaps = true
  /// How many jobs of ours Slurm may have at once.
  package var maxSubmitted = 500
  /// Memory for the host itself, beside what an attempt may take.
  package var hostMemory: Bytes = .mebibytes(16)
  /// How much later an attempt of the next lower priority is in Slurm's queue (`sbatch --nice`).
  package var niceStep = 100
  /// The largest result, and how many files an attempt may open.
  package var maxResult: Bytes = .mebibytes(64)
  package var maxOpenFiles = 1024

  package init(spool: String, host: String, user: User) {
    self.spool = spool
    self.host = host
    self.user = user
  }

  /// A user and its group.
  package struct User: Sendable, Equatable {
    package var uid: UInt32
    package var gid: UInt32

    package init(uid: UInt32, gid: UInt32) {
      self.uid = uid
      self.gid = gid
    }
  }

  /// What is asked for of an attempt.
  func options(of plan: LaunchPlan) -> SlurmOptions {
    options(handler: plan.handler, groups: plan.order?.groups ?? [], jobClass: plan.order?.jobClass)
  }

  /// What is asked for of what is described so.
  func options(handler: String, groups: [String], jobClass: String?) -> SlurmOptions {
    let rule = rules.first { $0.pattern.matches(handler: handler, groups: groups, jobClass: jobClass) }
    return rule.map { $0.options.filled(from: defaults) } ?? defaults
  }
}

/// What Slurm is asked for; nil stands for "not said".
package struct SlurmOptions: Sendable, Hashable {
  package var partition: String?
  package var account: String?
  package var qos: String?
  package var constraint: String?
  /// Generic resources: `gpu:1`.
  package var gres: String?
  /// More arguments of `sbatch`, as they are.
  package var extra: [String]?
  package var memory: MemoryRequest?

  /// How much memory is asked for.
  package enum MemoryRequest: String, Sendable, Hashable, CaseIterable {
    /// What the attempt may use at most.
    case limit
    /// What its like have shown to need, and a fifth more, up to its limit. An attempt after the first one
    /// gets its limit: the first may have failed by that.
    case learned
  }

  package init(
    partition: String? = nil, account: String? = nil, qos: String? = nil, constraint: String? = nil,
    gres: String? = nil, extra: [String]? = nil, memory: MemoryRequest? = nil
  ) {
    self.partition = partition
    self.account = account
    self.qos = qos
    self.constraint = constraint
    self.gres = gres
    self.extra = extra
    self.memory = memory
  }

  /// Returns these options, with `other`'s where nothing is said here.
  func filled(from other: SlurmOptions) -> SlurmOptions {
    SlurmOptions(
      partition: partition ?? other.partition, account: account ?? other.account, qos: qos ?? other.qos,
      constraint: constraint ?? other.constraint, gres: gres ?? other.gres, extra: extra ?? other.extra,
      memory: memory ?? other.memory)
  }
}

/// What is asked for of some attempts.
package struct SlurmRule: Sendable, Equatable {
  package var pattern: JobPattern
  package var options: SlurmOptions

  package init(pattern: JobPattern, options: SlurmOptions) {
    self.pattern = pattern
    self.options = options
  }
}

/// Which attempts share one job of Slurm.
package struct BundleRules: Sendable, Equatable {
  /// The most attempts of a bundle; with 1 there are no others.
  package var attempts = 100
  /// An attempt rides along if it is expected to run for less than this, which takes some of its like.
  package var longest: Duration = .seconds(10)
  /// How long a bundle waits for more.
  package var gather: Duration = .milliseconds(200)
  /// How many of its attempts run at once.
  package var parallel = 1
  /// The most time that a bundle asks for, unless one attempt alone needs more.
  package var mostTime: Duration = .seconds(24 * 3600)

  package init() {}
}
