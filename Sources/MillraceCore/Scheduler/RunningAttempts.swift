/// The attempts that have not ended, by where they run. Those of a cluster are many: what is asked at each
/// decision costs as much as run here.
struct RunningAttempts: Sendable {
  private(set) var here: [AttemptID: RunningAttempt] = [:]
  private(set) var there: [AttemptID: RunningAttempt] = [:]
  /// Those that time alone will change, in its order.
  private var timers = OrderedQueue<AttemptID>()

  var count: Int { here.count + there.count }
  var isEmpty: Bool { here.isEmpty && there.isEmpty }
  /// Their numbers in order.
  var ids: [AttemptID] { (Array(here.keys) + there.keys).sorted() }
  /// All of them, in no order.
  var all: [RunningAttempt] { Array(here.values) + there.values }

  /// When time alone will change one; nil if it will not.
  var nextTime: Timestamp? { timers.first.map { Timestamp(rawValue: $0.rank) } }

  /// An attempt that has not ended; nil stands for one that has.
  subscript(id: AttemptID) -> RunningAttempt? {
    get { here[id] ?? there[id] }
    set {
      let old = self[id]
      note(id, from: old?.nextTime, to: newValue?.nextTime)
      switch (newValue ?? old)?.place {
      case .local: here[id] = newValue
      case .slurm: there[id] = newValue
      case nil: break
      }
    }
  }

  /// Takes a measurement of one in that runs here; that changes no time.
  mutating func take(_ sample: UsageSample, of id: AttemptID, at now: Timestamp, policy: Policy) {
    here[id]?.footprint.take(sample, at: now, policy: policy)
  }

  /// Those that time changes now, by their numbers.
  func due(at now: Timestamp) -> [AttemptID] {
    var due: [AttemptID] = []
    var cursor = OrderedQueue<AttemptID>.Cursor()
    while let entry = timers.entry(at: cursor), entry.rank <= now.rawValue {
      due.append(entry.member)
      timers.advance(&cursor)
    }
    return due.sorted()
  }

  private mutating func note(_ id: AttemptID, from old: Timestamp?, to new: Timestamp?) {
    guard old != new else { return }
    if let old { timers.remove(id, rank: old.rawValue) }
    if let new { timers.insert(id, rank: new.rawValue) }
  }
}
