import MillraceCore
import Synchronization

/// What the harness itself did and was told.
final class Ledger: Sendable {
  struct Entries {
    /// What was asked for; its index is the number of the request.
    var deeds: [Deed] = []
    /// The numbers of requests whose jobs were accepted, with their jobs.
    var acknowledged: [Int: JobID] = [:]
    /// The requests that were answered with no.
    var refused: Set<Int> = []
    /// The jobs that somebody tried to cancel, whatever the answer was.
    var cancelled: Set<JobID> = []
    /// The attempts of which a process was killed.
    var killed: Set<AttemptID> = []
    /// The attempts that were there when a keeper was killed.
    var orphaned: Set<AttemptID> = []
    /// How many jobs were accepted, or may have been.
    var taken: Int { deeds.count - refused.count }
    var runnerKills = 0
    var keeperKills = 0
    var brokenCalls = 0
  }

  private let entries = Mutex(Entries())

  var all: Entries { entries.withLock { $0 } }

  func note(_ change: @Sendable (inout Entries) -> Void) { entries.withLock { change(&$0) } }

  func add(_ deeds: [Deed]) -> Range<Int> {
    entries.withLock { entries in
      entries.deeds += deeds
      return entries.deeds.count - deeds.count..<entries.deeds.count
    }
  }
}
