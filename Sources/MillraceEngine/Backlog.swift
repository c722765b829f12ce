import MillraceCore

/// What is decided and not yet on the disk, and what must wait until it is.
///
/// Normally it is written at once. While that fails (a full disk), decisions pile up here, nothing is started
/// and no job is taken; bounded by the number of running attempts and of jobs that are cancelled.
struct Backlog {
  /// The builds in use, if they are to be noted.
  var plugins: [Plugin]?
  /// The jobs of this tick that go on record with the changes, before them.
  var arrivals: Arrivals?
  /// The changes to commit, in order.
  var changes: [StoreChange] = []
  /// What to start when they are committed and its payload can be read.
  var launches: [Launch] = []
  /// Jobs whose end will be on record.
  var ended: [JobID] = []

  /// An attempt to start.
  struct Launch {
    var id: AttemptID
    var plugin: Plugin
    var job: WaitingJob
    var place: Place
    /// Nil if it is to be read.
    var payload: StoredPayload?
  }

  /// Takes the payloads of jobs that were accepted now and start at once.
  mutating func take(payloads: [JobID: StoredPayload]) {
    guard !payloads.isEmpty else { return }
    for index in launches.indices where launches[index].payload == nil {
      launches[index].payload = payloads[launches[index].id.job]
    }
  }

  /// Drops all that was decided of jobs that are not on record.
  mutating func forget(_ jobs: Set<JobID>) {
    changes.removeAll { $0.job.map(jobs.contains) ?? false }
    launches.removeAll { jobs.contains($0.id.job) }
    ended.removeAll(where: jobs.contains)
  }

  var isEmpty: Bool { plugins == nil && changes.isEmpty && launches.isEmpty }
}
