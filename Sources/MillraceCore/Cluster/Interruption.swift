/// What a cluster says ended an attempt, that neither the attempt nor this runner has done.
package enum Interruption: Hashable, Sendable, Codable {
  /// Its time limit there was over.
  case timeLimit
  /// The kernel killed it at the memory limit that it has there.
  case outOfMemory
  /// Its node was lost, with what ran there.
  case nodeLost
  /// Its node could not do what was asked of it; nothing of the attempt has run.
  case nodeFault(String)
  /// Its place was given to another job.
  case preempted
  /// Somebody has cancelled it there.
  case cancelled
  /// It could not end before a time that it had there.
  case deadline
}
