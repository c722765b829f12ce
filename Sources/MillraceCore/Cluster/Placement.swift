/// Where the attempts at a job may run.
package enum Placement: String, Hashable, Sendable, Codable, CaseIterable {
  /// On this machine.
  case local
  /// On the nodes of a cluster, as a job of Slurm.
  case slurm
  /// On this machine while the queue is short, else there.
  case auto

  /// Whether jobs here and there may take places from each other.
  func competes(with other: Placement) -> Bool { self == other || self == .auto || other == .auto }
}

/// Where an attempt runs.
package enum Place: String, Hashable, Sendable, Codable, CaseIterable {
  case local, slurm
}
