package import MillraceCore

/// Tasks from a seed, of the kind that real machines see: a few handlers with steady needs, people who ask for
/// 2 to 100 times of what they need because a task that asks for too little dies, and a rush of work in the
/// beginning that the machine is busy with for long.
package struct MadeTasks: Sequence, IteratorProtocol, Sendable {
  private struct Kind {
    var name: String
    /// The usual peak in bytes, and by how many per cent of it single ones differ.
    var peak: Int64
    var spread: Int64
    var request: Bytes
    var seconds: Int64
    var cpuMillis: Int64
  }

  private var random: SeededGenerator
  private var kinds: [Kind] = []
  private var left: Int
  private var number: Int64 = 0
  private var time: Int64 = 0
  private let gap: Int64

  /// Makes `count` tasks for a machine of so many thousandths of a processor and so much memory.
  package init(_ count: Int, seed: UInt64, cpuMillis: Int64, memory: Bytes) {
    random = SeededGenerator(seed: seed)
    left = count
    for place in 0..<20 {
      // What asks for everything would run alone under any policy: a request is at most a third.
      let most = memory.rawValue / 3
      let factor = Int64(Self.between(2, 100, &random))
      let request = Int64(Self.between(Double(most) / 20, Double(most), &random))
      kinds.append(
        Kind(
          name: "kind-\(place)", peak: request / factor, spread: Int64.random(in: 2...30, using: &random),
          request: Bytes(request), seconds: Int64(Self.between(20, 1200, &random)),
          cpuMillis: Swift.min(cpuMillis, [250, 500, 1000, 1000, 2000].randomElement(using: &random) ?? 1000))
      )
    }
    // Twice as fast as the processors alone could take it.
    let work = kinds.reduce(0) { $0 + $1.seconds * $1.cpuMillis } / Int64(kinds.count)
    gap = Swift.max(1, work * 1_000_000 / cpuMillis / 2)
  }

  /// Evenly between two numbers on a logarithmic scale.
  private static func between(_ low: Double, _ high: Double, _ random: inout SeededGenerator) -> Double {
    // By halving alone: 2^(n/64), so that the same seed is the same on every machine.
    var value = low
    var steps = 0
    while value < high {
      value *= 1.0625
      steps += 1
    }
    value = low
    for _ in 0..<Int.random(in: 0..<Swift.max(1, steps), using: &random) { value *= 1.0625 }
    return Swift.min(value, high)
  }

  package mutating func next() -> KnownJob? {
    guard left > 0 else { return nil }
    left -= 1
    number += 1
    time += Int64.random(in: 0...2 * gap, using: &random)
    let kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
    // Never more than half of what is asked for: the request is right, only too large.
    let peak = kind.peak / 100 * Int64.random(in: 100 - kind.spread...100, using: &random)
    let seconds = kind.seconds * Int64.random(in: 50...150, using: &random) / 100
    return KnownJob(
      number: number,
      submission: Submission(
        handler: kind.name, terms: TaskMachine.terms(memory: kind.request, cpuMillis: kind.cpuMillis)),
      submitted: Timestamp(microseconds: time), run: .seconds(Swift.max(1, seconds)), peak: Bytes(peak))
  }
}
