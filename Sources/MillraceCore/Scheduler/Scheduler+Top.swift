/// What runs, and what waits for a gate, at one moment.
package struct Top: Sendable, Equatable {
  /// An attempt that has not ended.
  package struct Running: Sendable, Equatable {
    package var id: AttemptID
    package var handler: String
    package var jobClass: String?
    package var priority: Priority
    package var limits: Limits
    package var admitted: Timestamp
    /// nil while it starts.
    package var started: Timestamp?
    /// Since when it is frozen; nil if it is not.
    package var frozenSince: Timestamp?
    /// Why it is being stopped; nil if it is not.
    package var stop: StopReason?
    /// The working set that was measured last; nil if none was.
    package var memory: Bytes?
    /// The thousandths of a processor that it takes; nil while that is not known.
    package var cpuMillis: Int64?
    package var place = Place.local
  }

  /// A job that waits for a gate.
  package struct Queued: Sendable, Equatable {
    package var id: JobID
    package var handler: String
    package var jobClass: String?
    package var priority: Priority
    package var limits: Limits
    /// Since when it waits for its next attempt.
    package var since: Timestamp
    package var isHeld: Bool
    /// The first gate that is closed; nil if all are open.
    package var gate: GateVerdict?
  }

  /// By number.
  package var running: [Running]
  /// In the order of rank: those that stand in lanes, then those that can never start and those on hold.
  package var queued: [Queued]

  /// Makes a picture of its parts.
  package init(running: [Running], queued: [Queued]) {
    self.running = running
    self.queued = queued
  }
}

extension Scheduler {
  /// Of how many jobs in no lane the first ones are told, so that a million on hold cost no more.
  private static let bound = 10_000

  /// Returns what runs, and the jobs that come first of those that wait: at most `count`.
  package func top(queued count: Int, at now: Timestamp) -> Top {
    let attempts = running.all.sorted { $0.id < $1.id }.map { attempt in
      Top.Running(
        id: attempt.id, handler: attempt.job.handler, jobClass: attempt.job.jobClass,
        priority: attempt.job.priority, limits: attempt.footprint.limits, admitted: attempt.admitted,
        started: attempt.started, frozenSince: attempt.frozenSince, stop: attempt.stopReason,
        memory: attempt.footprint.workingSet, cpuMillis: attempt.footprint.cpuMillis, place: attempt.place)
    }
    let jobs = firstInRank(count, at: now).compactMap { id -> Top.Queued? in
      guard let job = waiting[id] else { return nil }
      return Top.Queued(
        id: id, handler: job.handler, jobClass: job.jobClass, priority: job.priority, limits: job.limits,
        since: job.waitingSince, isHeld: job.isHeld,
        gate: explanation(of: id, at: now)?.gates.first { !$0.isOpen })
    }
    return Top(running: attempts, queued: jobs)
  }

  private func firstInRank(_ count: Int, at now: Timestamp) -> [JobID] {
    let offsets = laneOffsets(at: now)
    var readers = lanes.indices.filter { !lanes[$0].isEmpty }
      .map { LaneReader(lanes[$0], offset: offsets[$0], whole: true) }.sorted(by: >)
    var found: [JobID] = []
    while found.count < count, var reader = readers.popLast() {
      found.append(reader.head.member)
      if reader.advance() { readers.insert(reader, at: readers.place(of: reader)) }
    }
    guard found.count < count else { return found }
    let others = Array(parked.values.joined().prefix(Self.bound)).sorted()
    let held = Array(onHold.prefix(Self.bound)).sorted()
    return found + (others + held).prefix(count - found.count)
  }
}
