/// What the runner tells of itself. `docs/metrics.md` is this list as a table.
extension MetricFamily {
  // MARK: The runner

  static let build = info("build", by: "version", help: "The version of the runner.")
  static let startTime = gauge(
    "start_time_seconds", .seconds, help: "When the runner was started, in seconds since 1970.")
  static let healthy = gauge(
    "healthy",
    help: "1 if jobs are taken and started: the record can be written, nothing drains, memory suffices.")
  static let draining = gauge("draining", help: "1 if the runner shuts down and takes no new jobs.")
  static let paused = gauge(
    "paused", by: "kind", help: "How many of a kind (runner, handler, group) are paused or stopping.")
  static let recordWritable = gauge(
    "record_writable", help: "1 unless the last write to the record failed for a reason that concerns all.")

  // MARK: Jobs

  static let jobs = gauge(
    "jobs", by: "state", help: "Jobs that have not ended, by state; running counts those that start, too.")
  static let jobsHeld = gauge("jobs_held", help: "Queued jobs that wait for their release.")
  static let jobsAccepted = counter(
    "jobs_accepted", by: "handler", help: "Jobs that are on record since the start, and new.")
  static let jobsEnded = counter("jobs_ended", by: "state", help: "Jobs that have ended for good.")

  // MARK: Admission

  static let gateClosures = counter(
    "gate_closures", by: "gate",
    help: "Passes of the scheduler that left the first job in rank waiting, by the gate that held it; one "
      + "whose handler or group is closed is passed over, and the first behind it counts, too.")
  static let slotsCapacity = gauge("slots_capacity", help: "How many attempts may run at once.")
  static let slotsUsed = gauge("slots_used", help: "How many attempts run.")
  static let memoryCapacity = gauge(
    "memory_capacity_bytes", .bytes, help: "Memory that attempts may take together.")
  static let memoryUsed = gauge(
    "memory_used_bytes", .bytes,
    help: "Memory that attempts and warm hosts count with in admission: what they use, or are expected to.")
  static let limitsCapacity = gauge(
    "limits_capacity_bytes", .bytes, help: "What the memory limits of running attempts may add up to.")
  static let limitsUsed = gauge(
    "limits_used_bytes", .bytes, help: "What the memory limits of running attempts add up to.")
  static let processorsCapacity = gauge(
    "cpu_capacity_cores", help: "Processors that attempts may take together.")
  static let processorsUsed = gauge(
    "cpu_used_cores", help: "Processors that attempts count with in admission.")

  // MARK: Pressure, as it was last measured: once a second, while something runs or waits for it

  static let pressure = gauge(
    "pressure_level", help: "How short memory is: 0 not at all, 1 a warning, 2 critical.")
  static let treeMemory = gauge(
    "tree_memory_bytes", .bytes, help: "Working set of all attempts and warm hosts together.")
  static let hostMemory = gauge("host_memory_bytes", .bytes, help: "Working set of the warm hosts.")
  static let machineMemory = gauge("machine_memory_bytes", .bytes, help: "Memory of the machine.")
  static let machineAvailable = gauge(
    "machine_memory_available_bytes", .bytes, help: "Memory of the machine that is available.")
  static let memoryStall = gauge(
    "memory_stall_ratio",
    help: "Share of the last 10 s in which some task of the attempts waited for memory.")

  // MARK: Attempts

  static let waits = histogram(
    "attempt_wait_seconds", .seconds, by: "handler", bounds: longSpans,
    help: "From when a job began to wait for an attempt (its time had come) until that was admitted.")
  static let starts = histogram(
    "attempt_start_seconds", .seconds, by: "tier", bounds: shortSpans,
    help: "From the order to start an attempt until its process was seen, of attempts that have ended.")
  static let runs = histogram(
    "attempt_run_seconds", .seconds, by: "handler", bounds: longSpans,
    help: "From when the process of an attempt was seen until all of its processes were gone.")
  static let attempts = counter(
    "attempts", by: "handler", "outcome", help: "Attempts that have ended, by the verdict.")

  // MARK: Usage, of attempts that have ended

  static let processorTime = counter(
    "attempt_cpu_seconds", .seconds, by: "handler", "mode", help: "Processor time of attempts.")
  static let throttled = counter(
    "attempt_throttled_seconds", .seconds, by: "handler",
    help: "How long attempts were held back by their processor limits.")
  static let transferred = counter(
    "attempt_io_bytes", .bytes, by: "handler", "direction",
    help: "What attempts read from block devices and wrote to them.")
  static let memoryPeaks = histogram(
    "attempt_memory_peak_bytes", .bytes, by: "handler", bounds: sizes,
    help: "The most memory that an attempt held at once.")
  static let memoryKills = counter(
    "attempt_oom_kills", by: "handler", help: "Kills by the kernel in attempts because memory was full.")
  static let forksRefused = counter(
    "attempt_forks_refused", by: "handler", help: "Forks that the process limits of attempts refused.")

  // MARK: Estimates

  static let expectedMemory = gauge(
    "estimate_memory_bytes", .bytes, by: "handler",
    help: "Memory that the next job of a handler is expected to need, learned from its last attempts.")
  static let expectedRun = gauge(
    "estimate_run_seconds", .seconds, by: "handler",
    help: "Run time that a reservation counts with for a handler, learned from its last attempts.")
  static let memoryRatios = histogram(
    "estimate_memory_ratio", by: "handler", bounds: ratios,
    help: "The memory peak of an attempt in parts of what admission expected; above 1 it was too little.")

  // MARK: The engine and the record

  static let ticks = histogram(
    "tick_seconds", .seconds, bounds: shortSpans,
    help: "How long a turn of the engine took: all that came in, one decision, its commits.")
  static let transactions = histogram(
    "store_transaction_seconds", .seconds, by: "operation", bounds: shortSpans,
    help: "How long the engine waited for a transaction to be on the disk, or to fail.")
  static let storeFailures = counter(
    "store_failures", by: "kind",
    help: "Transactions of the engine that failed: passing (a full disk), lasting (damage), mistake.")

  // MARK: Warm hosts

  static let warmHosts = gauge("warm_hosts", by: "state", help: "Warm hosts, by what they do.")
  static let forks = gauge(
    "warm_host_fork_seconds", .seconds, by: "plugin",
    help: "What a fork of a plugin's warm hosts takes: the median of the last ones, of the slowest host.")

  // MARK: Plugins

  static let quarantinedBuilds = gauge(
    "builds_quarantined", by: "cause",
    help: "Files of the plugin directory that are a build in quarantine, by what put it there.")

  // MARK: Events and breakers

  static let openEvents = gauge(
    "events_open", help: "Events that wait to be decided about, or a few more.")
  static let eventLag = histogram(
    "event_lag_seconds", .seconds, bounds: longSpans,
    help: "From when an event was taken in until its jobs were on record, or it was put with others.")
  static let openBreakers = gauge(
    "breakers_open", help: "Handlers whose breaker lets nothing start, or tries one attempt.")

  // MARK: The cluster; without points if there is none in the configuration

  static let clusterUp = gauge("cluster_up", help: "1 if attempts can be sent to the cluster.")
  static let outstanding = gauge(
    "cluster_outstanding", help: "Attempts in the cluster that have not ended.")
  static let outstandingBound = gauge(
    "cluster_outstanding_bound", help: "How many attempts may be in the cluster at once.")
  static let clusterWaiting = gauge(
    "cluster_waiting", help: "Attempts in the cluster that have no node yet.")
  static let nodes = gauge(
    "cluster_nodes", by: "state",
    help: "Nodes by state; cooling: it gets no attempts for a while, for it failed one by its own fault.")
  static let nodeAttempts = gauge("cluster_node_attempts", by: "node", help: "Attempts on a node.")
  static let clusterProcessors = gauge(
    "cluster_cpu_cores", help: "Processors of the nodes that the cluster uses.")
  static let clusterProcessorsReserved = gauge(
    "cluster_cpu_reserved_cores", help: "Those of them that are promised to jobs, whosever they are.")
  static let clusterMemory = gauge(
    "cluster_memory_bytes", .bytes, help: "Memory of the nodes that the cluster uses.")
  static let clusterMemoryReserved = gauge(
    "cluster_memory_reserved_bytes", .bytes, help: "What of it is promised to jobs, whosever they are.")

  /// All of them, in the order in which they are told.
  package static let all = [
    build, startTime, healthy, draining, paused, recordWritable,
    jobs, jobsHeld, jobsAccepted, jobsEnded,
    gateClosures, slotsCapacity, slotsUsed, memoryCapacity, memoryUsed, limitsCapacity, limitsUsed,
    processorsCapacity, processorsUsed,
    pressure, treeMemory, hostMemory, machineMemory, machineAvailable, memoryStall,
    waits, starts, runs, attempts,
    processorTime, throttled, transferred, memoryPeaks, memoryKills, forksRefused,
    expectedMemory, expectedRun, memoryRatios,
    ticks, transactions, storeFailures,
    warmHosts, forks,
    quarantinedBuilds,
    openEvents, eventLag, openBreakers,
    clusterUp, outstanding, outstandingBound, clusterWaiting, nodes, nodeAttempts,
    clusterProcessors, clusterProcessorsReserved, clusterMemory, clusterMemoryReserved,
  ]

  /// Spans of jobs: from 5 ms to a day.
  private static let longSpans: [Double] = [
    0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14_400, 86_400,
  ]
  /// Spans of the runner's own work: from 100 µs to 10 s.
  private static let shortSpans: [Double] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10,
  ]
  /// From 1 MiB to 64 GiB, each four times the one before.
  private static let sizes: [Double] = (0...8).map { Double(1 << (20 + 2 * $0)) }
  private static let ratios: [Double] = [0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2, 4]
}
