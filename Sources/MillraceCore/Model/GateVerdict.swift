/// What one gate says of one waiting job, with its numbers.
package struct GateVerdict: Hashable, Sendable, Codable {
  /// The gates that can hold a job back.
  package enum Gate: String, Hashable, Sendable, Codable, CaseIterable {
    /// The runner is shutting down, or paused.
    case runner
    /// No plugin in use has the handler, or it is paused.
    case handler
    /// Somebody holds it.
    case hold
    /// A job that it depends on has not ended, or not as it is needed.
    case dependency
    /// Its time has not come.
    case notBefore
    /// As many of the handler's jobs run as may.
    case concurrency
    /// As many jobs of a group run as may, another one comes first in it, or it is paused.
    case group
    /// Too many jobs of the handler or a group were started lately.
    case rate
    /// Too many jobs of the handler failed lately.
    case breaker
    /// As many jobs run as may.
    case slots
    /// The last start was too short a time ago.
    case stagger
    /// Its estimate does not fit beside what the running attempts use.
    case memory
    /// Its limit does not fit beside those of the running attempts, over-commitment counted in.
    case overcommit
    /// The processors are taken.
    case cpu
    /// Memory is short.
    case pressure
    /// Jobs come first that rank before it, and it would delay the first of them.
    case reservation
    /// The cluster can't be used, has as many attempts as may be there, or need not help yet.
    case cluster
  }

  package var gate: Gate
  package var isOpen: Bool
  /// What the job needs, in the gate's unit: attempts, bytes, thousandths of a processor, jobs; nil if the
  /// gate counts nothing.
  package var need: Int64?
  /// What is taken.
  package var used: Int64?
  /// What there is in all; nil for no bound.
  package var capacity: Int64?
  /// When time alone will open it; nil if it will not, or if it is open.
  package var opensAt: Timestamp?
  /// The handler, group or job that it is about, or what the pressure comes from.
  package var subject: String?
  /// The job that it waits for, where it is one.
  package var job: JobID?
  /// Who has paused what it is about; nil if nobody has.
  package var pause: Pause?

  package init(
    gate: Gate, isOpen: Bool, need: Int64? = nil, used: Int64? = nil, capacity: Int64? = nil,
    opensAt: Timestamp? = nil, subject: String? = nil, job: JobID? = nil, pause: Pause? = nil
  ) {
    self.gate = gate
    self.isOpen = isOpen
    self.need = need
    self.used = used
    self.capacity = capacity
    self.opensAt = opensAt
    self.subject = subject
    self.job = job
    self.pause = pause
  }
}

extension GateVerdict {
  /// The numbers, in one sentence: "needs 256 MiB, 100 MiB of 2 GiB is free".
  package var reason: String {
    if let pause, let station { return "\(station.words) is paused by \(pause.by)" }
    return switch gate {
    case .runner: isOpen ? "the runner takes jobs" : "the runner is shutting down"
    case .hold: isOpen ? "nobody holds it" : "somebody holds it"
    case .handler:
      isOpen ? "`\(name)` is loaded" : "no plugin in use has a handler `\(name)`"
    case .dependency: dependencyReason
    case .notBefore: isOpen ? "its time has come" : "its time has not come"
    case .concurrency: counted("of its handler run")
    case .group: groupReason
    case .rate:
      subject.map { isOpen ? "\($0) is kept" : "\($0) is used up" } ?? "there is no bound on the rate"
    case .breaker: breakerReason
    case .slots: "\(used ?? 0) of \(capacity ?? 0) slots are taken"
    case .stagger: isOpen ? "the last start is long enough ago" : "the last start is too short a time ago"
    case .memory: sizes(whose: "of memory")
    case .overcommit: sizes(whose: "of limits")
    case .cpu: "\(used ?? 0) m of \(capacity ?? 0) m is in use, needs \(need ?? 0) m"
    case .pressure: subject ?? "there is none"
    case .reservation: reservationReason
    case .cluster: subject ?? "\(used ?? 0) of \(capacity ?? 0) attempts are in the cluster"
    }
  }

  /// What would open it, in one sentence; nil if it is open.
  package var remedy: String? {
    guard !isOpen else { return nil }
    if pause != nil, let station { return "`millrace resume\(station.option)`" }
    switch gate {
    case .runner: return "the next start of the runner"
    case .hold: return "`millrace release`"
    case .handler: return "a plugin with `\(name)` in the plugin directory"
    case .dependency:
      return need == nil
        ? "its release, which lets it run nevertheless, or its cancellation"
        : need == 1 ? "the end of that job" : "the ends of those jobs"
    case .notBefore, .rate, .stagger: return "time alone"
    case .concurrency: return "the end of one of them, or a larger `concurrency` of the handler"
    case .group:
      return job == nil
        ? "the end of one of them, or a larger `concurrency` of the group" : "its turn in the group"
    case .breaker:
      return opensAt == nil
        ? "the success of the one that is tried, or `millrace handlers reset`"
        : "time alone lets one be tried, or `millrace handlers reset`"
    case .slots: return "the end of an attempt, or more `capacity.slots`"
    case .memory:
      let missing = size(need) + size(used) - size(capacity)
      return "\(missing) more, by the end of attempts or a larger `capacity.memory`"
    case .overcommit:
      return "the end of attempts with large limits, smaller limits, or a larger `capacity.overcommit`"
    case .cpu: return "the end of an attempt, or a larger `capacity.cpu`"
    case .pressure: return "less memory in use"
    case .reservation: return "the start of those before it, or a smaller estimate or run time"
    case .cluster:
      return capacity == nil
        ? "the cluster, by itself; `millrace nodes` shows it"
        : "the end of an attempt there, or a larger `slurm.outstanding`"
    }
  }

  private var dependencyReason: String {
    guard !isOpen else { return "it waits for no other job" }
    guard let need else { return "\(name); it is held" }
    return need == 1 ? "it waits for job \(name)" : "it waits for \(need) jobs: \(name)"
  }

  private var name: String { subject ?? "" }

  /// What is paused if it is; nil for gates that are no such thing.
  private var station: Station? {
    switch gate {
    case .runner: .runner
    case .handler: .handler(name)
    case .group: .group(name)
    case .hold, .dependency, .notBefore, .concurrency, .rate, .breaker, .slots, .stagger, .memory,
      .overcommit, .cpu,
      .pressure, .reservation, .cluster:
      nil
    }
  }

  private var groupReason: String {
    guard subject != nil else { return "it is in no group with a bound" }
    guard let job else { return counted("of group `\(name)` run") }
    let isFull = capacity.map { (used ?? 0) >= $0 } ?? false
    return isFull
      ? "job \(job) of group `\(name)` runs, \(capacity ?? 0) may"
      : "job \(job) comes first in group `\(name)`"
  }

  private func counted(_ what: String) -> String {
    guard let capacity else { return "\(used ?? 0) \(what), there is no bound" }
    return "\(used ?? 0) \(what), \(capacity) may"
  }

  /// A verdict comes from elsewhere too: what is below zero there is taken for nothing.
  private func size(_ number: Int64?) -> Bytes { Bytes(max(0, number ?? 0)) }

  private func sizes(whose what: String) -> String {
    let (need, whole) = (size(need), size(capacity))
    let given = subject.map { "\($0) \(whole) is given out" } ?? "the runner has \(whole) in all"
    return need > whole
      ? "needs \(need) \(what), \(given)"
      : "needs \(need) \(what), \(whole - size(used)) of \(whole) is free"
  }

  private var breakerReason: String {
    guard let capacity else { return "its handler has no breaker" }
    if let subject { return "\(used ?? 0) failed in a row, \(subject)" }
    return isOpen
      ? "\(used ?? 0) of its handler failed in a row, \(capacity) would open the breaker"
      : "\(used ?? 0) of its handler failed, the breaker is open"
  }

  private var reservationReason: String {
    if isOpen { return used == 0 ? "it comes first" : "it delays nobody who comes first" }
    let before = used == 1 ? "1 job comes" : "\(used ?? 0) jobs come"
    return "\(before) first" + (subject.map { "; job \($0) holds the reservation" } ?? "")
  }
}
