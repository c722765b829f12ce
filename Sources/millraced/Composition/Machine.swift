import Glibc
import MillraceCore
import MillraceLinux

/// What this machine has.
struct Machine: Sendable, Equatable {
  var memory: Bytes
  var cpuMillis: Int64
  var pids: Int64

  /// Reads what the kernel says of this machine.
  static func current() -> Machine {
    let pages = Int64(sysconf(Int32(_SC_PHYS_PAGES)))
    let processors = Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    return Machine(
      memory: Bytes(pages * Int64(sysconf(Int32(_SC_PAGESIZE)))), cpuMillis: processors * 1000, pids: 32768)
  }

  /// Returns what is left of this machine within the limits that others put on the runner's cgroup.
  func within(_ bounds: CgroupTree.Bounds) -> Machine {
    Machine(
      memory: min(memory, bounds.memory ?? memory), cpuMillis: min(cpuMillis, bounds.cpuMillis ?? cpuMillis),
      pids: pids)
  }

  /// Returns the scheduler's policy under an operator's settings.
  func policy(_ configuration: Configuration) -> Policy {
    let (capacity, queue) = (configuration.capacity, configuration.queue)
    var policy = Policy(
      slots: capacity.slots, memory: capacity.memory.amount(of: memory),
      cpuMillis: capacity.cpuMillis.amount(of: cpuMillis), maxQueued: queue.maxQueued, aging: queue.aging,
      overcommit: capacity.overcommit)
    policy.apply(queue.policy)
    // `fcfs` and `easy` are defined without learning.
    policy.learning.isOn = policy.learning.isOn && configuration.learning.isOn
    policy.learning.window = configuration.learning.window
    policy.backfillWindow = queue.backfillWindow
    policy.stagger = queue.stagger
    policy.pressure = configuration.pressure
    // What is admitted beside others stays below where critical pressure ends.
    let given = policy.pressure.critical * (1 - policy.pressure.hysteresis)
    policy.headroom = Bytes(Int64(Double(policy.capacity.memory.rawValue) * max(0, 1 - given)))
    policy.groups = configuration.groups
    policy.groupOf = configuration.handlers.compactMapValues(\.group)
    policy.fairShare = configuration.fairShare
    policy.breaker = configuration.breaker
    policy.cluster = configuration.slurm?.rules
    policy.maxCrashes = configuration.poisonAfter
    return policy
  }

  /// Returns what checks requests under an operator's settings.
  func reception(_ configuration: Configuration) -> Reception {
    var reception = Reception(
      defaults: configuration.defaults,
      overrides: configuration.handlers.mapValues(\.wishes),
      concurrency: configuration.handlers.compactMapValues(\.concurrency),
      rates: configuration.handlers.compactMapValues(\.rate),
      breakers: configuration.handlers.compactMapValues(\.breaker),
      machine: Limits(
        memory: configuration.capacity.memory.amount(of: memory), cpuMillis: cpuMillis, pids: pids),
      maxInput: configuration.bounds.input)
    (reception.groups, reception.groupOf) = (
      configuration.groups, configuration.handlers.compactMapValues(\.group)
    )
    reception.places = configuration.places
    return reception
  }
}
