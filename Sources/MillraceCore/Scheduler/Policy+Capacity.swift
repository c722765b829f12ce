extension Policy {
  /// Whether a job gets all that it needs beside what is used.
  func fits(_ demand: Resources, beside used: Resources) -> Bool {
    hasSlots(for: demand, beside: used) && hasMemory(for: demand, beside: used)
      && mayPromise(demand, beside: used) && hasProcessors(for: demand, beside: used)
  }

  func hasSlots(for demand: Resources, beside used: Resources) -> Bool {
    used.slots + demand.slots <= capacity.slots
  }

  func hasMemory(for demand: Resources, beside used: Resources) -> Bool {
    used.memory + demand.memory <= memory(beside: used)
  }

  /// The memory that is given out: all of it to an attempt that runs alone, less the headroom to several.
  func memory(beside used: Resources) -> Bytes {
    used.slots == 0 ? capacity.memory : capacity.memory - headroom
  }

  /// Whether the limits of all would not come to more than may be promised.
  func mayPromise(_ demand: Resources, beside used: Resources) -> Bool {
    used.committed + demand.committed <= capacity.committed
  }

  /// Processors can be shared, unlike memory: then a job need not fit whole, there must only be some left,
  /// and the running attempts take at most one job's limit more than there is.
  func hasProcessors(for demand: Resources, beside used: Resources) -> Bool {
    switch processors {
    case .shared: used.slots == 0 || used.cpuMillis < capacity.cpuMillis
    case .whole: (used + demand).cpuMillis <= capacity.cpuMillis
    }
  }
}
