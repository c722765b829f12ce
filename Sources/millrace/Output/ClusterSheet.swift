import FoundationEssentials
import Glibc
import MillraceCore
import MillraceSimulator
import MillraceWire

/// What a made-up cluster went through, as it is printed. Times are in seconds, costs in microseconds.
struct ClusterSheet: Encodable {
  var nodes: Int
  var jobs: [String: Int]
  var attempts: [String: Int]
  var attemptsByPlace: [String: Int]
  var makespan: Double
  var utilisation: Double
  var nodeFailures: Int
  var nodeFaults: Int
  var attemptsLost: Int
  var attemptsRefusedByNodes: Int
  var runAgain: Int
  var mostOutstanding: Int
  var events: Cost
  var questions: Cost
  var peakMemory: Int64

  /// What the scheduler took each time.
  struct Cost: Encodable {
    var count: Int
    var mean: Double
    var p99: Double
    var max: Double

    init(_ costs: Costs) {
      (count, mean, p99, max) = (costs.count, costs.mean, costs.part(0.99), costs.max)
    }

    fileprivate var text: String {
      "mean \(Self.tenths(mean)) µs, p99 \(Self.tenths(p99)) µs, max \(Self.tenths(max)) µs"
    }

    private static func tenths(_ number: Double) -> String {
      let tenths = Int64((number * 10).rounded())
      return "\(tenths / 10).\(tenths % 10)"
    }
  }

  init(_ workload: ClusterWorkload, _ figures: ClusterFigures, peakMemory: Int64) {
    nodes = workload.nodes
    jobs = Dictionary(uniqueKeysWithValues: figures.states.map { ($0.rawValue, $1) })
    attempts = Dictionary(uniqueKeysWithValues: figures.outcomes.map { ($0.rawValue, $1) })
    attemptsByPlace = Dictionary(uniqueKeysWithValues: figures.places.map { ($0.rawValue, $1) })
    makespan = figures.makespan.seconds
    utilisation = figures.utilisation
    (nodeFailures, nodeFaults) = (figures.nodeFailures, figures.nodeFaults)
    (attemptsLost, attemptsRefusedByNodes) = (figures.lost, figures.refusedByNodes)
    (runAgain, mostOutstanding) = (figures.runAgain, figures.mostOutstanding)
    (events, questions) = (Cost(figures.events), Cost(figures.times))
    self.peakMemory = peakMemory
  }

  func print(as format: OutputFormat) throws {
    switch format {
    case .table, .wide:
      let width = (rows.map(\.0.count).max() ?? 0) + 2
      let lines = rows.map { $0 + String(repeating: " ", count: width - $0.count) + $1 + "\n" }
      try StandardOutput.write(lines.joined())
    case .json, .jsonl, .csv, .ids:
      let data = try Wire.encoder(pretty: true).encode(self)
      try StandardOutput.write(String(decoding: data, as: UTF8.self) + "\n")
    }
  }

  private var rows: [(String, String)] {
    [
      ("nodes", "\(nodes)"),
      ("jobs", Self.words(jobs)),
      ("attempts", Self.words(attempts)),
      ("by place", Self.words(attemptsByPlace)),
      ("makespan", Figures.span(makespan)),
      ("utilisation", "\(Int((utilisation * 100).rounded())) %"),
      ("nodes went down", "\(nodeFailures) times, \(attemptsLost) attempts were lost"),
      ("nodes were at fault", "\(nodeFaults) times, \(attemptsRefusedByNodes) attempts were not run"),
      ("run again", "\(runAgain) of these"),
      ("at once in the cluster", "\(mostOutstanding)"),
      ("cost of an event", "\(events.text) (\(events.count))"),
      ("cost of the next time", "\(questions.text) (\(questions.count))"),
      ("peak memory", Figures.bytes(peakMemory)),
    ]
  }

  private static func words(_ counts: [String: Int]) -> String {
    counts.sorted { $0.key < $1.key }.map { "\($1) \($0)" }.joined(separator: ", ")
  }
}

/// The most memory that a process had.
enum PeakMemory {
  /// In bytes; 0 if the kernel does not tell (getrusage(2), in KiB).
  static var ofThisProcess: Int64 {
    var usage = rusage()
    return getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 ? Int64(usage.ru_maxrss) * 1024 : 0
  }
}
