import MillraceCore
import MillraceEngine
import MillraceLinux

/// A bundle before it is submitted: attempts that share one job of Slurm, in the order in which they start.
struct BundleManifest {
  var name: String
  var plans: [LaunchPlan]
  var options: SlurmOptions
  let settings: SlurmSettings

  /// Most attempts have a bundle for themselves, or share one with their like.
  init(name: String, plan: LaunchPlan, settings: SlurmSettings) {
    self.name = name
    self.settings = settings
    plans = [plan]
    options = settings.options(of: plan)
  }

  /// Whether an attempt may share a job with others: what is known of it says that it is short.
  static func rides(_ plan: LaunchPlan, _ settings: SlurmSettings) -> Bool {
    guard let run = plan.order?.expectedRun else { return false }
    return settings.bundles.attempts > 1 && run < settings.bundles.longest
  }

  /// Whether an attempt fits in as well.
  func takes(_ plan: LaunchPlan) -> Bool {
    guard plans.count < settings.bundles.attempts, let first = plans.first else { return false }
    return plan.handler == first.handler && plan.plugin.sha256 == first.plugin.sha256
      && plan.limits.cpuMillis == first.limits.cpuMillis && plan.priority == first.priority
      && plan.order?.excluded == first.order?.excluded && memory(of: plan) == memory(of: first)
      && options == settings.options(of: plan)
      && time + Self.longest(plan) / parallelMost <= settings.bundles.mostTime
  }

  private var parallelMost: Int { max(1, settings.bundles.parallel) }

  /// How many run at once.
  var parallel: Int { min(plans.count, parallelMost) }

  /// The memory that is asked for, for each attempt that runs.
  var memoryOfEach: Bytes { plans.map { memory(of: $0) }.max() ?? .zero }

  /// The memory that is asked for, in whole MiB.
  var memory: Bytes {
    let needed = memoryOfEach.rawValue * Int64(parallel) + settings.hostMemory.rawValue
    return .mebibytes((needed + (1 << 20) - 1) >> 20)
  }

  /// What is asked for of one attempt.
  private func memory(of plan: LaunchPlan) -> Bytes {
    let limit = plan.limits.memory
    guard options.memory ?? .learned == .learned, plan.attempt.number == 1,
      let expected = plan.order?.estimate?.memory
    else { return limit }
    return min(limit, Bytes(expected.rawValue + expected.rawValue / 5))
  }

  /// How long the job may take.
  var time: Duration {
    plans.reduce(Self.startUp) { $0 + Self.longest($1) / parallelMost }
  }

  /// How long a host may take to get to work, and to end.
  private static let startUp: Duration = .seconds(60)

  private static func longest(_ plan: LaunchPlan) -> Duration {
    (plan.order?.timeout ?? .seconds(3600)) + (plan.order?.grace ?? .zero)
  }

  /// The file that the host reads.
  func text(logs: Bytes) -> String {
    var lines = [
      "millrace-bundle 1", "bundle \(name)", "beat \(settings.beat.wholeSeconds)",
      "fence \(settings.fence.wholeSeconds)", "caps \(settings.demandsCaps ? "required" : "trusted")",
      "memory \(memory.rawValue)", "parallel \(parallel)",
      // A little less than what is kept here, so that nothing is dropped a second time.
      "log \(max(0, logs.rawValue - 256))", "result \(settings.maxResult.rawValue)",
      "files \(settings.maxOpenFiles)",
    ]
    if let address = settings.address { lines.append("address \(address)") }
    lines += plans.map { plan in
      [
        "attempt \(plan.attempt)", plan.plugin.sha256,
        "\((plan.order?.timeout ?? .seconds(3600)).milliseconds)",
        "\((plan.order?.grace ?? .zero).milliseconds)", "\(plan.limits.memory.rawValue)",
        "\(plan.limits.pids)",
      ].joined(separator: " ")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Returns the arguments of `sbatch`, for a directory as the nodes see it. Root may submit for others, and
  /// raise priorities.
  func arguments(directory: String, isRoot: Bool) -> [String] {
    let first = plans.first
    var words = [
      "--job-name=\(name)", "--no-requeue", "--open-mode=append",
      "--output=\(settings.address == nil ? "\(directory)/host.log" : "/dev/null")",
      "--chdir=/", "--nodes=1", "--ntasks=1", "--mem=\(memory.rawValue >> 20)M",
      "--cpus-per-task=\(processors)", "--time=\(minutes)", "--nice=\(niceness(isRoot: isRoot))",
      "--comment=millrace: \(first?.handler ?? ""), \(plans.count) of them",
    ]
    if isRoot { words += ["--uid=\(settings.user.uid)", "--gid=\(settings.user.gid)"] }
    let excluded = (first?.order?.excluded ?? []).compactMap { ClusterName($0)?.text }
    if !excluded.isEmpty { words.append("--exclude=\(excluded.joined(separator: ","))") }
    func add(_ option: String, _ value: String?) { if let value { words.append("--\(option)=\(value)") } }
    add("partition", options.partition)
    add("account", options.account)
    add("qos", options.qos)
    add("constraint", options.constraint)
    add("gres", options.gres)
    words += options.extra ?? []
    return words + ["--wrap=\(script(directory))"]
  }

  /// What the job runs. A bundle is submitted again if `sbatch` was not answered: whoever comes second finds
  /// it taken.
  private func script(_ directory: String) -> String {
    let host = Self.quoted(settings.host)
    guard let address = settings.address else {
      let taken = Self.quoted("\(directory)/taken")
      return "mkdir \(taken) 2>/dev/null || exit 0; exec \(host) batch \(Self.quoted(directory))"
    }
    let local = "\"${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/millrace-$SLURM_JOB_ID\""
    return "exec \(host) batch --connect \(Self.quoted(address)) --bundle \(name) \(local)"
  }

  private var processors: Int64 {
    max(1, ((first?.limits.cpuMillis ?? 1000) + 999) / 1000) * Int64(parallel)
  }

  private var first: LaunchPlan? { plans.first }

  private var minutes: Int64 { (time.milliseconds + 59_999) / 60_000 }

  /// Later in the queue, the lower the priority. Only root may go ahead of the others (`--nice` below 0).
  private func niceness(isRoot: Bool) -> Int {
    let middle = isRoot ? Priority.default.rawValue : 10
    return (middle - (first?.priority ?? .default).rawValue) * settings.niceStep
  }

  /// A word for a shell.
  static func quoted(_ word: String) -> String {
    "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}

extension Duration {
  /// Whole seconds, at least one.
  fileprivate var wholeSeconds: Int64 { max(1, milliseconds / 1000) }
}
