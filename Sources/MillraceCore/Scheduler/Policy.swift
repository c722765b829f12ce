/// What the scheduler goes by; the operator's settings.
package struct Policy: Sendable, Equatable {
  /// How many attempts may run at once.
  package var slots: Int
  /// The memory that running attempts may take together.
  package var memory: Bytes
  /// Thousandths of a processor that running attempts may take together.
  package var cpuMillis: Int64
  /// How many jobs may wait; more are refused.
  package var maxQueued: Int
  /// How long one step of priority is worth: a job of priority 5 comes before one of priority 6 that was
  /// submitted so much later.
  package var aging: Duration
  /// How long an attempt counts with its estimate before only its measured memory counts.
  package var memorySettling: Duration = .seconds(10)
  /// The same for CPU.
  package var cpuSettling: Duration = .seconds(1)
  /// An attempt that fills its memory limit and hits it this often a second …
  package var thrashHitsPerSecond = 1000.0
  /// … for this long is stuck in reclaim and is ended as if the kernel had killed it.
  package var thrashTime: Duration = .seconds(15)
  /// The longest wait between two attempts.
  package var maxRetryDelay: Duration = .seconds(3600)
  /// How often in a row an attempt may be lost before its job fails.
  package var maxLosses = 5

  /// Makes a policy; what is left out has its default.
  package init(slots: Int, memory: Bytes, cpuMillis: Int64, maxQueued: Int, aging: Duration) {
    self.slots = slots
    self.memory = memory
    self.cpuMillis = cpuMillis
    self.maxQueued = maxQueued
    self.aging = aging
  }
}
