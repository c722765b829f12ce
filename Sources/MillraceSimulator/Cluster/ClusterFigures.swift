import Glibc
package import MillraceCore

/// What a cluster and its jobs went through, and what the scheduler took for it.
package struct ClusterFigures: Sendable {
  /// Jobs by how they ended.
  package internal(set) var states: [JobState: Int] = [:]
  /// Attempts by how they ended, and by where they ran.
  package internal(set) var outcomes: [Outcome: Int] = [:]
  package internal(set) var places: [Place: Int] = [:]
  /// From the first submission to the last end.
  package internal(set) var makespan = Duration.zero
  /// The processors' time that attempts had, in microseconds.
  var processorTime = 0.0
  var processors = 0
  /// How often a node went down, or was at fault.
  package internal(set) var nodeFailures = 0
  package internal(set) var nodeFaults = 0
  /// Attempts that ended with their node, or that it could not run, and how many of their jobs ran again.
  package internal(set) var lost = 0
  package internal(set) var refusedByNodes = 0
  package internal(set) var runAgain = 0
  /// The most attempts that were there at once.
  package internal(set) var mostOutstanding = 0
  /// What the scheduler took for each event, and for each question when time alone changes something.
  package internal(set) var events = Costs()
  package internal(set) var times = Costs()

  /// The part of the cluster's processors' time in which attempts had them.
  package var utilisation: Double {
    let whole = makespan.seconds * Double(processors)
    return whole > 0 ? processorTime / 1e6 / whole : 0
  }
}

/// How much of a processor's time the same thing took, many times: what else runs on the machine adds little.
package struct Costs: Sendable {
  private var nanoseconds: [Int64] = []

  /// Does it once more.
  mutating func measure<Result>(_ body: () -> Result) -> Result {
    let start = Self.threadTime()
    let result = body()
    nanoseconds.append(Self.threadTime() - start)
    return result
  }

  /// The processor's time that this thread had (clock_gettime(2)).
  private static func threadTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }

  package var count: Int { nanoseconds.count }
  /// In microseconds; 0 if there was nothing.
  package var mean: Double {
    nanoseconds.isEmpty ? 0 : Double(nanoseconds.reduce(0, +)) / Double(nanoseconds.count) / 1000
  }
  package var max: Double { Double(nanoseconds.max() ?? 0) / 1000 }

  /// What a part of them, 0 to 1, does not pass.
  package func part(_ part: Double) -> Double {
    guard !nanoseconds.isEmpty else { return 0 }
    let place = Int((Double(nanoseconds.count) * part).rounded(.up)) - 1
    return Double(nanoseconds.sorted()[Swift.max(0, place)]) / 1000
  }
}
