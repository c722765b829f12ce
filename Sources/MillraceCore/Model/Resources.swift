/// What attempts take of the machine, and what there is of it.
package struct Resources: Hashable, Sendable, Codable {
  /// Attempts.
  package var slots: Int
  /// Memory that they use or are expected to use.
  package var memory: Bytes
  /// Their memory limits together: what they could use at worst.
  package var committed: Bytes
  /// Thousandths of a processor.
  package var cpuMillis: Int64

  /// Makes resources; what is left out is zero.
  package init(slots: Int = 0, memory: Bytes = .zero, committed: Bytes = .zero, cpuMillis: Int64 = 0) {
    self.slots = slots
    self.memory = memory
    self.committed = committed
    self.cpuMillis = cpuMillis
  }

  package static func + (left: Resources, right: Resources) -> Resources {
    Resources(
      slots: left.slots + right.slots, memory: left.memory + right.memory,
      committed: left.committed + right.committed,
      cpuMillis: left.cpuMillis.adding(clamped: right.cpuMillis))
  }

  /// Returns what is left of `left` without `right`, never less than nothing.
  package static func - (left: Resources, right: Resources) -> Resources {
    Resources(
      slots: max(0, left.slots - right.slots), memory: left.memory - right.memory,
      committed: left.committed - right.committed, cpuMillis: max(0, left.cpuMillis - right.cpuMillis))
  }

  package static func += (left: inout Resources, right: Resources) { left = left + right }
}
