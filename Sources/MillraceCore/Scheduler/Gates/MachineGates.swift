/// A gate: open or closed for a demand, with its numbers.
protocol Gate: Sendable {
  func verdict(on demand: Resources, in situation: Situation) -> GateVerdict
}

/// The gates that do not depend on whose job it is.
enum MachineGates {
  /// All of them, in the order in which they are told.
  static let all: [any Gate] = [
    RunnerGate(), SlotsGate(), StaggerGate(), MemoryGate(), OvercommitGate(), ProcessorGate(), PressureGate(),
  ]
}

/// Closed while the runner is shutting down or paused.
struct RunnerGate: Gate {
  func verdict(on demand: Resources, in situation: Situation) -> GateVerdict {
    GateVerdict(
      gate: .runner, isOpen: !situation.isDraining && situation.pause == nil,
      pause: situation.isDraining ? nil : situation.pause)
  }
}

/// Closed while as many attempts run as may.
struct SlotsGate: Gate {
  func verdict(on demand: Resources, in situation: Situation) -> GateVerdict {
    let capacity = situation.policy.capacity.slots
    return GateVerdict(
      gate: .slots, isOpen: situation.policy.hasSlots(for: demand, beside: situation.used),
      need: Int64(demand.slots),
      used: Int64(situation.used.slots), capacity: Int64(capacity))
  }
}

/// Closed for a while after each start.
struct StaggerGate: Gate {
  func verdict(on demand: Resources, in situation: Situation) -> GateVerdict {
    let next = situation.nextStart.flatMap { $0 > situation.now ? $0 : nil }
    return GateVerdict(gate: .stagger, isOpen: next == nil, opensAt: next)
  }
}

/// Closed while the estimate does not fit beside what is used.
struct MemoryGate: Gate {
  func verdict(on demand: Resources, in situation: Situation) -> GateVerdict {
    let capacity = situation.policy.memory(beside: situation.used)
    return GateVerdict(
      gate: .memory, isOpen: situation.policy.hasMemory(for: demand, beside: situation.used),
      need: demand.memory.rawValue, used: situation.used.memory.rawValue, capacity: capacity.rawValue,
      subject: capacity < situation.policy.capacity.memory ? "beside others" : nil)
  }
}

/// Closed while the limits of all would come to more than may be promised.
struct OvercommitGate: Gate {
  func verdict(on demand: Resources, in situation: Situation) -> GateVerdict {
    let capacity = situation.policy.capacity.committed
    return GateVerdict(
      gate: .overcommit, isOpen: situation.policy.mayPromise(demand, beside: situation.used),
      need: demand.committed.rawValue, used: situation.used.committed.rawValue, capacity: capacity.rawValue)
  }
}

/// Closed while the processors are taken.
struct ProcessorGate: Gate {
  func verdict(on demand: Resources, in situation: Situation) -> GateVerdict {
    GateVerdict(
      gate: .cpu, isOpen: situation.policy.hasProcessors(for: demand, beside: situation.used),
      need: demand.cpuMillis, used: situation.used.cpuMillis, capacity: situation.policy.capacity.cpuMillis)
  }
}

/// Closed while memory is critically short.
struct PressureGate: Gate {
  func verdict(on demand: Resources, in situation: Situation) -> GateVerdict {
    GateVerdict(
      gate: .pressure, isOpen: situation.pressure.level < .critical, subject: situation.pressure.text)
  }
}
