package import MillraceCore

/// The machine on which tasks are replayed: whole processors, memory of a size, and a kernel that kills.
package struct TaskMachine: Sendable {
  /// What a task counts with in admission.
  package enum Admission: String, Sendable, CaseIterable {
    /// What it asks for, as long as it runs.
    case requested
    /// What attempts of its kind have been measured to need, and what it is measured to hold.
    case learned
  }

  package var policy: Policy
  package var memory: MemoryModel

  /// Makes a machine of so many thousandths of a processor and so much memory.
  package init(cpuMillis: Int64, memory size: Bytes, admission: Admission) {
    policy = Policy(slots: 100_000, memory: size, cpuMillis: cpuMillis, maxQueued: .max)
    policy.processors = .whole
    memory = MemoryModel(size: size)
    admit(by: admission)
  }

  /// Puts a kind of admission into force.
  package mutating func admit(by admission: Admission) {
    policy.learning.isOn = admission == .learned
    memory.isMeasured = admission == .learned
  }

  /// What holds for a task: nobody says how long it may run.
  static func terms(memory: Bytes, cpuMillis: Int64) -> Terms {
    Terms(
      limits: Limits(memory: memory, cpuMillis: cpuMillis, pids: 1), timeout: .seconds(10_000_000_000),
      grace: .zero, maxAttempts: 1, retryDelay: .zero)
  }
}
