extension Scheduler {
  /// Holds a job, or releases it. One that runs goes on; its next attempt is held.
  mutating func hold(_ id: JobID, _ isHeld: Bool, at now: Timestamp) -> [Action] {
    if dependencies.contains(id) { return holdBlocked(id, isHeld, at: now) }
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

  /// The same for a job that waits for others. One that is held because a dependency can't be met any more
  /// runs nevertheless when it is released.
  private mutating func holdBlocked(_ id: JobID, _ isHeld: Bool, at now: Timestamp) -> [Action] {
    guard dependencies.broken(id) == nil else {
      return isHeld ? [] : releaseBroken(id, at: now) ?? []
    }
    guard dependencies.job(id)?.isHeld != isHeld else { return [] }
    dependencies.update(id) { $0.isHeld = isHeld }
    return [.held(id, isHeld)]
  }

  /// How many waiting jobs are held.
  package var heldCount: Int { onHold.count }
}
