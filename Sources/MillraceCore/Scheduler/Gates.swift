/// What the machine and the running attempts leave for a waiting job: the numbers behind every gate.
struct Gates: Sendable {
  var isDraining: Bool
  var policy: Policy
  var running: Int
  var memoryUsed: Bytes
  var cpuMillisUsed: Int64

  /// Whether a job may start as far as the machine is concerned.
  func areOpen(for job: WaitingJob) -> Bool {
    !isDraining && running < policy.slots && memoryFits(job) && cpuFits(job)
  }

  private func memoryFits(_ job: WaitingJob) -> Bool {
    job.estimate <= policy.memory - memoryUsed
  }

  /// CPU can be shared: alone on the machine a job always fits.
  private func cpuFits(_ job: WaitingJob) -> Bool {
    running == 0 || min(job.terms.limits.cpuMillis, policy.cpuMillis) <= policy.cpuMillis - cpuMillisUsed
  }

  /// Returns the verdict of each gate of the machine; none is left out.
  func verdicts(for job: WaitingJob) -> [GateVerdict] {
    let freeCPU = max(0, policy.cpuMillis - cpuMillisUsed)
    let fitsEver = job.estimate <= policy.memory
    let memory =
      fitsEver
      ? "\(policy.memory - memoryUsed) of \(policy.memory) is free" : "the runner has \(policy.memory) in all"
    return [
      GateVerdict(
        gate: .runner, isOpen: !isDraining,
        reason: isDraining ? "the runner is shutting down" : "the runner takes jobs"),
      GateVerdict(
        gate: .slots, isOpen: running < policy.slots, reason: "\(running) of \(policy.slots) slots are taken"),
      GateVerdict(
        gate: .memory, isOpen: memoryFits(job), reason: "needs \(job.estimate), \(memory)"),
      GateVerdict(
        gate: .cpu, isOpen: cpuFits(job),
        reason: "needs \(job.terms.limits.cpuMillis) m, \(freeCPU) m of \(policy.cpuMillis) m is free"),
    ]
  }
}
