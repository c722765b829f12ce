import ArgumentParser
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import MillraceStore

/// `dependencies`: what it costs that jobs wait for each other.
///
/// The runner's engine and its database on the disk, with attempts that take no time: from the submission to
/// the last durable end.
struct DependencyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dependencies", abstract: "Measure jobs that need each other against jobs that don't.")

  @Option(help: "A directory for the databases.") var directory: String
  @Option(help: "How many jobs.") var jobs = 10_000
  @Option(help: "How many may run at once.") var slots = 4

  /// Which jobs need which.
  private enum Shape: String, CaseIterable {
    case alone = "one after the other, none needs another"
    case chain = "in a chain: each needs the one before"
    case wide = "four at a time, none needs another"
    case fan = "fanned out: all need the first"

    var isChain: Bool { self == .chain || self == .alone }

    func needs(of place: Int) -> [Dependency] {
      switch self {
      case .alone, .wide: []
      case .chain: place == 0 ? [] : [Dependency(.position(place - 1))]
      case .fan: place == 0 ? [] : [Dependency(.position(0))]
      }
    }
  }

  func run() async throws {
    for (shape, plain) in [(Shape.chain, Shape.alone), (.fan, .wide)] {
      let limit = try await throughput(plain)
      let measured = try await throughput(shape)
      Row(
        what: "\(jobs) jobs \(shape.rawValue), against \(plain.rawValue)", lane: "native, no processes",
        measured: "\(Int(measured)) jobs/s", limit: "\(Int(limit)) jobs/s",
        ratio: fixed(limit / measured, decimals: 2)
      ).show()
    }
  }

  /// Jobs per second from the submission to the last end on the disk.
  private func throughput(_ shape: Shape) async throws -> Double {
    let file = "\(directory)/\(shape).db"
    let store = try SQLiteJobStore(opening: file)
    let engine = engine(store, slots: shape.isChain ? 1 : slots)
    let running = Task { try await engine.run() }
    while await engine.catalog().plugins.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
    let requests = (0..<jobs).map { place in
      var request = JobRequest(handler: OnePlugin.handler)
      request.after = shape.needs(of: place)
      return request
    }
    let clock = ContinuousClock()
    let start = clock.now
    let ids = try await engine.submit(requests)
    for id in ids.reversed() {
      let job = try await engine.wait(for: id, atMost: .seconds(600))
      guard job.state == .succeeded else { throw BenchmarkError("job \(id) is \(job.state)") }
    }
    let span = (clock.now - start).seconds
    await engine.stop()
    try await running.value
    try store.close()
    return Double(jobs) / span
  }

  private func engine(_ store: SQLiteJobStore, slots: Int) -> Engine {
    let limits = Limits(memory: .mebibytes(1), cpuMillis: 100, pids: 8)
    let terms = Terms(
      limits: limits, timeout: .seconds(60), grace: .seconds(1), maxAttempts: 1, retryDelay: .seconds(1))
    return Engine(
      ports: Engine.Ports(
        store: store, launcher: InstantLauncher(), plugins: OnePlugin(), logs: NoLogs(),
        clock: AnchoredClock(wall: Timestamp(microseconds: Int64(time(nil)) * 1_000_000))),
      policy: Policy(slots: slots, memory: .gibibytes(1), cpuMillis: 100_000, maxQueued: 2 * jobs),
      reception: Reception(defaults: terms, machine: limits, maxInput: .kibibytes(1)),
      version: "0", pid: getpid(), log: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
  }
}
