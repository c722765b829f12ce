import MillraceCore

extension Engine: MetricsSource {
  package func metrics() async -> [MetricReading] {
    let status = await status()
    return runnerReadings(status) + jobReadings(status) + admissionReadings(status)
      + pressureReadings(status) + meters.attemptReadings + meters.usageReadings + estimateReadings
      + meters.engineReadings + Self.hostReadings(status.hosts) + [buildReading] + eventReadings
      + ClusterMeter(report: cluster()).readings
  }

  /// Waits for a transaction, and counts how long that took.
  func timed<Value>(
    _ transaction: Meters.Transaction, _ body: () async throws -> Value
  ) async rethrows -> Value {
    let began = ports.clock.now()
    do {
      let value = try await body()
      meters.waited(ports.clock.now() - began, for: transaction)
      return value
    } catch {
      meters.waited(ports.clock.now() - began, for: transaction, failure: error)
      throw error
    }
  }

  private func runnerReadings(_ status: RunnerStatus) -> [MetricReading] {
    let paused = status.stations.filter { $0.activity.pause != nil }
    let kinds = ["runner", "handler", "group"]
    return [
      MetricReading(.build, [MetricPoint([status.version], .number(1))]),
      MetricReading(.startTime, Double(status.started.rawValue) / 1e6),
      MetricReading(.healthy, status.isHealthy ? 1 : 0),
      MetricReading(.draining, status.draining ? 1 : 0),
      MetricReading(.paused, kinds.map { kind in (kind, paused.count { $0.station.kind == kind }) }),
      MetricReading(.recordWritable, status.recordTrouble == nil ? 1 : 0),
    ]
  }

  private func jobReadings(_ status: RunnerStatus) -> [MetricReading] {
    let counts: [(JobState, Int)] = [
      (.blocked, scheduler.blockedCount), (.scheduled, status.scheduled), (.queued, status.queued),
      (.running, status.running),
    ]
    let ends = JobState.allCases.filter(\.isFinal)
    return [
      MetricReading(.jobs, counts.map { ($0.rawValue, $1) }),
      MetricReading(.jobsHeld, Double(status.held)),
      MetricReading(.jobsAccepted, meters.handlers.map { ($0.handler, $0.accepted) }),
      MetricReading(.jobsEnded, ends.map { ($0.rawValue, meters.jobsEnded[$0] ?? 0) }),
    ]
  }

  private func admissionReadings(_ status: RunnerStatus) -> [MetricReading] {
    let (capacity, used) = (status.capacity, status.used)
    let gates = GateVerdict.Gate.allCases.filter(\.closesLanes)
    return [
      MetricReading(.gateClosures, gates.map { ($0.rawValue, scheduler.closures[$0] ?? 0) }),
      MetricReading(.slotsCapacity, Double(capacity.slots)),
      MetricReading(.slotsUsed, Double(used.slots)),
      MetricReading(.memoryCapacity, Double(capacity.memory.rawValue)),
      MetricReading(.memoryUsed, Double(used.memory.rawValue)),
      MetricReading(.limitsCapacity, Double(capacity.committed.rawValue)),
      MetricReading(.limitsUsed, Double(used.committed.rawValue)),
      MetricReading(.processorsCapacity, Double(capacity.cpuMillis) / 1000),
      MetricReading(.processorsUsed, Double(used.cpuMillis) / 1000),
    ]
  }

  private func pressureReadings(_ status: RunnerStatus) -> [MetricReading] {
    let machine = status.machine
    return [
      MetricReading(.pressure, Double(status.pressure.rawValue)),
      MetricReading(.treeMemory, machine.treeMemory),
      MetricReading(.hostMemory, machine.hostMemory),
      MetricReading(.machineMemory, machine.memoryTotal),
      MetricReading(.machineAvailable, machine.memoryAvailable),
      MetricReading(.memoryStall, machine.memoryStall.map { $0 / 100 }),
    ]
  }

  private var estimateReadings: [MetricReading] {
    let expected = meters.handlers.map { ($0.handler, scheduler.expectation(of: $0.handler)) }
    return [
      MetricReading(
        .expectedMemory,
        expected.compactMap { name, figures in
          figures.memory.map { MetricPoint([name], .number(Double($0.rawValue))) }
        }),
      MetricReading(
        .expectedRun,
        expected.compactMap { name, figures in
          figures.run.map { MetricPoint([name], .number($0.seconds)) }
        }),
      MetricReading(.memoryRatios, of: meters.handlers, \.memoryRatios),
    ]
  }

  private static func hostReadings(_ hosts: [WarmHostState]) -> [MetricReading] {
    let states = ["warming", "ready", "preparing", "closing"]
    var slowest: [String: Duration] = [:]
    for host in hosts where host.fork > .zero {
      slowest[host.plugin] = max(host.fork, slowest[host.plugin] ?? .zero)
    }
    return [
      MetricReading(.warmHosts, states.map { state in (state, hosts.count { $0.state == state }) }),
      MetricReading(
        .forks,
        slowest.sorted { $0.key < $1.key }.map { MetricPoint([$0.key], .number($0.value.seconds)) }),
    ]
  }

  private var buildReading: MetricReading {
    MetricReading(
      .quarantinedBuilds, Build.Cause.allCases.map { ($0.rawValue, inUse.quarantined[$0] ?? 0) })
  }

  private var eventReadings: [MetricReading] {
    [
      MetricReading(.openEvents, Double(eventBook.openCount)),
      MetricReading(.eventLag, meters.eventLag),
      MetricReading(.openBreakers, Double(scheduler.breakers.count { $0.phase != .closed })),
    ]
  }
}

extension Station {
  fileprivate var kind: String {
    switch self {
    case .runner: "runner"
    case .handler: "handler"
    case .group: "group"
    }
  }
}

extension GateVerdict.Gate {
  /// Whether it can hold back a job that is queued and not held: only such ones are looked at in a pass.
  fileprivate var closesLanes: Bool {
    switch self {
    case .runner, .handler, .concurrency, .group, .rate, .breaker, .slots, .stagger, .memory, .overcommit,
      .cpu, .pressure, .cluster:
      true
    case .hold, .dependency, .notBefore, .reservation: false
    }
  }
}
