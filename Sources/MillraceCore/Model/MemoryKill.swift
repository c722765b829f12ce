/// Whose memory was full when the kernel killed in an attempt.
package enum MemoryKill: Hashable, Sendable {
  /// The attempt passed its own limit.
  case ownLimit
  /// It passed what its job had asked a cluster for, for each of the attempts that it was to run.
  case request(Bytes)
  /// A group that it is in passed its limit, and the kernel chose this attempt. `group` is how the operator
  /// finds it; `limit` is nil if it could not be read any more.
  case group(String, limit: Bytes?)
  /// It was within all limits above it: the machine had no memory left.
  case machine

  /// What happened, as one clause; the limits are those of the attempt.
  package func text(_ limits: Limits) -> String {
    switch self {
    case .ownLimit: "it passed its memory limit of \(limits.memory)"
    case .request(let asked): "it passed the \(asked) that a cluster had been asked for"
    case .group(let group, let limit?):
      "the kernel killed it: group `\(group)` passed its memory limit of \(limit)"
    case .group(let group, nil): "the kernel killed it: group `\(group)` passed its memory limit"
    case .machine: "the kernel killed it: the machine was out of memory"
    }
  }
}
