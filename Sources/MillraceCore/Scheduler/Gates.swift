/// What the machine and the running attempts leave for a waiting job: the numbers behind every gate.
struct Gates: Sendable {
  var isDraining: Bool
  var policy: Policy
  var running: Int
  var memoryUsed: Bytes
  var cpuMillisUsed: Int64

  /// Whether a job may start as far as the machine is concerned.
  func areOpen(for job: WaitingJob) -> Bool {
    !isDraining && running < policy.slots && memoryFits(job) && isCPULeft
  }

  private func memoryFits(_ job: WaitingJob) -> Bool {
    job.estimate <= policy.memory - memoryUsed
  }

  /// Processors can be shared, unlike memory: a job need not fit whole, there must only be some left. So the
  /// running attempts take at most one job's limit more than there is.
  private var isCPULeft: Bool { running == 0 || cpuMillisUsed < policy.cpuMillis }

  /// Returns the verdict of each gate of the machine; none is left out.
  func verdicts(for job: WaitingJob) -> [GateVerdict] {
    let fitsEver = job.estimate <= policy.memory
    let memory =
      fitsEver
      ? "\(policy.memory - memoryUsed) of \(policy.memory) is free" : "the runner has \(policy.memory) in all"
    return [
      GateVerdict(
        gate: .runner, isOpen: !isDraining,
        reason: isDraining ? "the runner is shutting down" : "the runner takes jobs"),
      GateVerdict(
        gate: .slots, isOpen: running < policy.slots,
        reason: "\(running) of \(policy.slots) slots are taken"),
      GateVerdict(
        gate: .memory, isOpen: memoryFits(job), reason: "needs \(job.estimate), \(memory)"),
      GateVerdict(
        gate: .cpu, isOpen: isCPULeft, reason: "\(cpuMillisUsed) m of \(policy.cpuMillis) m is in use"),
    ]
  }
}
