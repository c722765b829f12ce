import MillraceCore

/// The end of all processes of a leaf.
///
/// `cgroup.kill` misses a process whose parent has not got its signal yet when it is born, so one write is
/// not the end (docs/decisions/0011): it is written again until none is left.
final class Emptying {
  private let leaf: Leaf
  private let population: Population
  /// When it is due to kill again; monotonic, in ms.
  private(set) var nextKill: Int64
  private var interval = Emptying.firstInterval

  /// The least and the most time between two kills, in ms.
  private static let firstInterval: Int64 = 10
  private static let lastInterval: Int64 = 1000

  /// Begins at a time (monotonic, in ms); nil if there is no process.
  init?(of leaf: Leaf, at now: Int64) throws {
    population = try leaf.population()
    guard try population.isAny() else { return nil }
    self.leaf = leaf
    nextKill = now
  }

  /// The descriptor whose POLLPRI tells that something has changed since `isOver` last looked.
  var descriptor: Int32 { population.descriptor }

  /// Whether no process is left.
  func isOver() throws -> Bool { try !population.isAny() }

  /// Kills what is left, if that is due at a time (monotonic, in ms).
  func kill(at now: Int64) throws {
    guard nextKill <= now else { return }
    nextKill = now + interval
    interval = min(2 * interval, Self.lastInterval)
    try leaf.kill()
  }
}
