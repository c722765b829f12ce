extension Scheduler {
  /// Holds a job, or releases it. One that runs goes on; its next attempt is held.
  mutating func hold(_ id: JobID, _ isHeld: Bool) -> [Action] {
    if let attempt = attemptOf[id] {
      guard running[attempt]?.job.isHeld != isHeld else { return [] }
      running[attempt]?.job.isHeld = isHeld
    } else {
      // Otherwise it has ended.
      guard waiting[id].map({ $0.isHeld != isHeld }) ?? false, var job = takeOut(id) else { return [] }
      job.isHeld = isHeld
      enqueue(job)
    }
    return [.held(id, isHeld)]
  }

  /// How many waiting jobs are held.
  package var heldCount: Int { onHold.count }
}
