package import MillraceCore

/// What one gate says of one job, with its numbers and in words.
package struct GateView: Codable, Sendable, Equatable {
  package var gate: GateVerdict.Gate
  package var isOpen: Bool
  /// The numbers in one sentence.
  package var reason: String
  /// What would open it; nil if it is open.
  package var remedy: String?
  /// What the job needs, in the gate's unit: attempts, bytes, thousandths of a processor, jobs; nil if the
  /// gate counts nothing.
  package var need: Int64?
  /// What is taken.
  package var used: Int64?
  /// What there is in all; nil for no bound.
  package var capacity: Int64?
  /// When time alone will open it; nil if it will not, or if it is open.
  package var opensAt: String?
  /// The handler, group or job that it is about, or what the pressure comes from.
  package var subject: String?
  /// The job that it waits for, where it is one.
  package var job: JobID?
  /// Who has paused what it is about, and since when.
  package var pausedBy: String?
  package var pausedSince: String?

  private enum CodingKeys: String, CodingKey {
    case gate, reason, remedy, need, used, capacity, opensAt, subject, job, pausedBy, pausedSince
    case isOpen = "open"
  }

  /// Makes the view of a verdict.
  package init(_ verdict: GateVerdict) {
    gate = verdict.gate
    isOpen = verdict.isOpen
    reason = verdict.reason
    remedy = verdict.remedy
    need = verdict.need
    used = verdict.used
    capacity = verdict.capacity
    opensAt = verdict.opensAt.map(Wire.text(of:))
    subject = verdict.subject
    job = verdict.job
    pausedBy = verdict.pause?.by
    pausedSince = verdict.pause.map { Wire.text(of: $0.since) }
  }
}

/// What attempts take of the machine, or what there is of it.
package struct ResourcesView: Codable, Sendable, Equatable {
  /// Attempts.
  package var slots: Int
  /// Memory that they use or are expected to use.
  package var memoryBytes: Int64
  /// Their memory limits together.
  package var committedBytes: Int64
  package var cpuMillis: Int64

  /// Makes the view of resources.
  package init(_ resources: Resources) {
    slots = resources.slots
    memoryBytes = resources.memory.rawValue
    committedBytes = resources.committed.rawValue
    cpuMillis = resources.cpuMillis
  }
}

/// On what a figure rests.
package struct BasisView: Codable, Sendable, Equatable {
  package var kind: Kind
  /// How many attempts it was learned from; nil if it is declared.
  package var attempts: Int?

  /// How the figure was made.
  package enum Kind: String, Codable, Sendable { case declared, maximum, percentile95 }

  /// Makes the view of a basis.
  package init(_ basis: Basis) {
    switch basis {
    case .declared: kind = .declared
    case .maximum(let count): (kind, attempts) = (.maximum, count)
    case .percentile95(let count): (kind, attempts) = (.percentile95, count)
    }
  }

  /// The basis in words.
  package var text: String {
    switch kind {
    case .declared: Basis.declared.text
    case .maximum: Basis.maximum(of: attempts ?? 0).text
    case .percentile95: Basis.percentile95(of: attempts ?? 0).text
    }
  }
}
