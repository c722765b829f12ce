import Logging
import MillraceCore

extension LaunchLoop {
  /// Returns what each running attempt uses now, and how the machine is.
  func samples() -> Samples {
    var samples: [AttemptID: UsageSample] = [:]
    samples.reserveCapacity(attempts.count)
    for attempt in attempts.values where attempt.isStarted && !attempt.isEnding && attempt.isJob {
      do { samples[attempt.id] = try attempt.leaf.sample(buffer) } catch {
        guard !attempt.isUnreadable else { continue }
        attempt.isUnreadable = true
        logger.error("usage not read", metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
      }
    }
    let machine = machine ?? MachineGauges(tree: tree.jobsPath, logger: logger)
    self.machine = machine
    var sample = machine.sample(buffer)
    sample.hostMemory = hostMemory()
    return (samples, sample)
  }

  /// Stops all processes of an attempt where they are, or lets them go on. A host that still starts one is
  /// left alone: the keeper waits for it.
  func setFrozen(_ attempt: LiveAttempt, _ isFrozen: Bool) {
    guard attempt.isStarted, !attempt.isEnding, attempt.isJob else { return }
    do {
      try attempt.leaf.setFrozen(isFrozen)
      attempt.isFrozen = isFrozen
    } catch {
      logger.error(
        isFrozen ? "freeze failed" : "thaw failed",
        metadata: ["attempt": "\(attempt.id)", "error": "\(error)"])
    }
  }
}
