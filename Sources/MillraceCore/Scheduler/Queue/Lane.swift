/// What jobs have in common that wait in one line: their handler, whose they are where shares count, the
/// group that they chose, and where they may run.
struct LaneKey: Hashable, Sendable {
  var handler: String
  /// The owner or label value that fair share counts by; nil without fair share.
  var share: String?
  /// The group that the jobs are in by their own choice; nil for none.
  var group: String?
  var placement: Placement

  init(of job: WaitingJob) {
    handler = job.handler
    share = job.share
    group = job.group
    placement = job.placement
  }
}

/// The jobs of one handler (and share, and group) in the order of rank; in the order of submission if one of
/// their groups wants that. A closed handler or group holds back its own lanes only.
struct Lane: Sendable {
  let key: LaneKey
  /// In whose bounds its jobs count.
  let member: Membership
  /// The groups whose jobs start in the order of submission.
  let lines: [String]
  /// Its jobs in order.
  private(set) var queue = JobQueue()
  /// The ranks of its jobs if they stand in the order of their numbers.
  private var ranks: [JobID: Int64] = [:]
  /// The job that comes first, with its rank; nil if nobody waits.
  private(set) var first: JobQueue.Entry?

  init(key: LaneKey, member: Membership, lines: [String]) {
    self.key = key
    self.member = member
    self.lines = lines
  }

  var isEmpty: Bool { queue.isEmpty }
  var count: Int { queue.count }

  /// Adds a job that is not in the lane.
  mutating func insert(_ job: JobID, rank: Int64) {
    queue.insert(job, rank: place(of: job, rank: rank))
    if !lines.isEmpty { ranks[job] = rank }
    findFirst()
  }

  /// Takes a job out; returns whether it was there.
  mutating func remove(_ job: JobID, rank: Int64) -> Bool {
    guard queue.remove(job, rank: place(of: job, rank: rank)) else { return false }
    ranks[job] = nil
    findFirst()
    return true
  }

  /// Returns how many of its jobs come before another one that ranks so. In a lane with an order of its own
  /// only the first one can.
  func countBefore(rank: Int64, job: JobID, isOwn: Bool) -> Int {
    if lines.isEmpty { return queue.countBefore(rank: rank, member: job) }
    if isOwn { return queue.countBefore(rank: job.rawValue, member: job) }
    return first.map { $0 < JobQueue.Entry(rank: rank, member: job) } ?? false ? 1 : 0
  }

  /// The jobs behind the first one, as far as they may start before it has; nil if none may.
  var successors: JobQueue? { lines.isEmpty ? queue : nil }

  /// All of its jobs in order.
  var jobs: [JobID] {
    var jobs: [JobID] = []
    var cursor = JobQueue.Cursor()
    while let entry = queue.entry(at: cursor) {
      jobs.append(entry.member)
      queue.advance(&cursor)
    }
    return jobs
  }

  private func place(of job: JobID, rank: Int64) -> Int64 { lines.isEmpty ? rank : job.rawValue }

  private mutating func findFirst() {
    first = queue.first
    if !lines.isEmpty, let job = first?.member, let rank = ranks[job] { first?.rank = rank }
  }
}
