/// Which jobs wait for the end of which others.
///
/// A job that others wait for need not be known here: it waits, runs, or is itself blocked. An end costs as
/// much as there are jobs that wait for it.
struct DependencyBook: Sendable {
  /// What an end means for a job that waited for it.
  enum Consequence {
    /// Everything that it needs is met.
    case free(WaitingJob)
    /// One can't be met any more, and it has left the book.
    case closed(WaitingJob, EndReason)
    /// One can't be met any more, and it stays.
    case held(JobID)
  }

  /// A blocked job with the conditions by the jobs that they are on.
  private struct Entry {
    var job: WaitingJob
    var conditions: [JobID: [Dependency.Condition]]
    var onDependencyFailure: Dependency.Failure
    var broken: EndReason?
  }

  private var entries: [JobID: Entry] = [:]
  /// Those that wait for a job, by their numbers.
  private var dependants: [JobID: [JobID]] = [:]

  var count: Int { entries.count }
  /// The jobs that wait for others, by number.
  var jobs: [WaitingJob] { entries.values.map(\.job).sorted { $0.id < $1.id } }

  /// Whether a job waits for others.
  func contains(_ job: JobID) -> Bool { entries[job] != nil }

  /// Returns a job that waits for others; nil if there is no such.
  func job(_ id: JobID) -> WaitingJob? { entries[id]?.job }

  /// Returns what a job waits for, by number; nil if it is not blocked.
  func waits(of id: JobID) -> [Dependency]? {
    entries[id]?.conditions.sorted { $0.key < $1.key }.flatMap { needed, conditions in
      conditions.map { Dependency(.job(needed), $0) }
    }
  }

  /// Why a job is held that can't start by itself any more; nil if it can.
  func broken(_ id: JobID) -> EndReason? { entries[id]?.broken }

  /// Takes a job in; if it is there already, in the place of what was known of it.
  mutating func insert(_ blocked: BlockedJob) {
    remove(blocked.job.id)
    var entry = Entry(
      job: blocked.job, conditions: [:], onDependencyFailure: blocked.onDependencyFailure,
      broken: blocked.broken)
    for dependency in blocked.waitsFor {
      guard case .job(let needed) = dependency.needed else {
        preconditionFailure("an accepted job depends on jobs by their numbers")
      }
      if entry.conditions[needed] == nil { note(blocked.job.id, dependsOn: needed) }
      entry.conditions[needed, default: []].append(dependency.condition)
    }
    entries[blocked.job.id] = entry
  }

  /// Takes a job out; nil if it is not there.
  @discardableResult
  mutating func remove(_ id: JobID) -> WaitingJob? {
    guard let entry = entries.removeValue(forKey: id) else { return nil }
    for needed in entry.conditions.keys {
      guard var others = dependants.removeValue(forKey: needed) else { continue }
      let place = Self.place(of: id, in: others)
      if place < others.count, others[place] == id { others.remove(at: place) }
      if !others.isEmpty { dependants[needed] = others }
    }
    return entry.job
  }

  /// Changes the scheduler's view of a job that waits for others.
  mutating func update(_ id: JobID, _ change: (inout WaitingJob) -> Void) {
    if var job = entries[id]?.job {
      change(&job)
      entries[id]?.job = job
    }
  }

  /// Takes the end of a job in; returns what it means for those that wait for it, by their numbers.
  mutating func settle(_ needed: JobID, _ state: JobState) -> [Consequence] {
    guard let waiting = dependants.removeValue(forKey: needed) else { return [] }
    return waiting.compactMap { id in
      guard let conditions = entries[id]?.conditions.removeValue(forKey: needed) else { return nil }
      if let condition = conditions.first(where: { !$0.isMet(by: state) }) {
        return fail(id, .dependency(needed, state, neededAs: condition))
      }
      guard entries[id]?.conditions.isEmpty ?? false, entries[id]?.broken == nil else { return nil }
      return remove(id).map { .free($0) }
    }
  }

  private mutating func fail(_ id: JobID, _ reason: EndReason) -> Consequence? {
    switch entries[id]?.onDependencyFailure {
    case .cancel:
      return remove(id).map { .closed($0, reason) }
    case .hold:
      guard entries[id]?.broken == nil else { return nil }  // It is held already.
      entries[id]?.broken = reason
      return .held(id)
    case nil:
      preconditionFailure("job \(id) waits for others")
    }
  }

  private mutating func note(_ id: JobID, dependsOn needed: JobID) {
    // Most come in the order of their numbers.
    if let last = dependants[needed]?.last, last > id {
      let place = Self.place(of: id, in: dependants[needed] ?? [])
      dependants[needed]?.insert(id, at: place)
    } else {
      dependants[needed, default: []].append(id)
    }
  }

  /// The place of the first number that is not smaller.
  private static func place(of id: JobID, in rising: [JobID]) -> Int {
    var low = 0
    var high = rising.count
    while low < high {
      let middle = (low + high) / 2
      if rising[middle] < id { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
