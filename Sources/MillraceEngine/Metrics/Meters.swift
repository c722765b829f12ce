import MillraceCore

/// What is counted as things happen. It is a value of the engine's actor: no locks, and per job a look into a
/// dictionary. What the engine knows anyway is not counted here but read when somebody asks.
struct Meters: Sendable {
  /// Which transaction the engine waits for.
  enum Transaction: String, CaseIterable {
    /// Jobs or workflows are accepted before anything is decided of them.
    case accept
    /// What the scheduler has decided, with the jobs that depend on nothing on record.
    case commit
    /// What becomes of times of schedules and of events.
    case claim
    /// Events are taken in.
    case announce
  }

  /// What must be known of an attempt until it has ended.
  private struct OpenAttempt {
    /// The place of its handler's meter.
    let place: Int
    let expected: Bytes
    /// When the launcher was told; nil if a former runner did that.
    var ordered: Timestamp?
    var started: Timestamp?
  }

  /// At most so many handlers are told apart; later ones are counted together as `other`.
  static let mostHandlers = 200
  /// No handler can have this name.
  static let other = "_other"

  private(set) var handlers: [HandlerMeter] = []
  private var places: [String: Int] = [:]
  private var open: [AttemptID: OpenAttempt] = [:]
  private(set) var starts: [StartTier: Histogram] = [:]
  private(set) var jobsEnded: [JobState: Int] = [:]
  private(set) var transactions: [Transaction: Histogram] = [:]
  private(set) var storeFailures: [StorageFailureKind: Int] = [:]
  var ticks = Histogram(.ticks)
  var eventLag = Histogram(.eventLag)

  /// Finds the meter of a handler, or makes it.
  private mutating func place(of handler: String) -> Int {
    if let place = places[handler] { return place }
    let isKnownApart = handlers.count < Self.mostHandlers
    let name = isKnownApart ? handler : Self.other
    if let place = places[name] { return place }
    places[name] = handlers.count
    handlers.append(HandlerMeter(name))
    return handlers.count - 1
  }

  /// Counts jobs that are new on record.
  ///
  /// - Parameter jobs: their handlers, one for each job.
  mutating func accepted(_ jobs: some Sequence<String>) {
    for handler in jobs { handlers[place(of: handler)].accepted += 1 }
  }

  /// Takes note of an attempt that is admitted.
  mutating func admitted(_ id: AttemptID, of job: WaitingJob, expecting memory: Bytes, at now: Timestamp) {
    let place = place(of: job.handler)
    handlers[place].waits.observe(now - job.waitingSince)
    open[id] = OpenAttempt(place: place, expected: memory)
  }

  /// Forgets the first attempts at jobs that could not be put on record.
  mutating func withdrawn(_ jobs: [JobID]) {
    for job in jobs { open[AttemptID(job: job, number: 1)] = nil }
  }

  /// Takes up an attempt that a former runner started.
  mutating func adopted(_ attempt: Attempt, at now: Timestamp) {
    open[attempt.id] = OpenAttempt(
      place: place(of: attempt.handler), expected: attempt.admission.demand.memory,
      started: attempt.started ?? now)
  }

  /// The launcher is told to start attempts.
  mutating func ordered(_ attempts: some Sequence<AttemptID>, at now: Timestamp) {
    for id in attempts { open[id]?.ordered = now }
  }

  /// The process of an attempt was seen.
  mutating func started(_ id: AttemptID, at now: Timestamp) {
    open[id]?.started = now
  }

  /// Counts the end of an attempt.
  mutating func ended(_ id: AttemptID, _ end: AttemptEnd) {
    guard let attempt = open.removeValue(forKey: id) else { return }
    handlers[attempt.place].outcomes[end.outcome, default: 0] += 1
    handlers[attempt.place].add(end.usage, expected: attempt.expected)
    guard let started = attempt.started else { return }
    handlers[attempt.place].runs.observe(end.ended - started)
    if let tier = end.tier, let ordered = attempt.ordered {
      starts[tier, default: Histogram(.starts)].observe(started - ordered)
    }
  }

  /// Counts an attempt of a former runner that is lost, and the end of its job if it is one.
  mutating func lost(_ attempt: Attempt, _ next: AfterAttempt) {
    handlers[place(of: attempt.handler)].outcomes[.lost, default: 0] += 1
    if case .done(let state, _) = next { ended(as: state) }
  }

  mutating func ended(as state: JobState) { jobsEnded[state, default: 0] += 1 }

  /// Counts a transaction, and why it failed if the record is the reason.
  mutating func waited(_ span: Duration, for transaction: Transaction, failure: (any Error)? = nil) {
    transactions[transaction, default: Histogram(.transactions)].observe(span)
    guard let failure = failure as? any StorageFailure else { return }
    storeFailures[failure.kind, default: 0] += 1
  }
}
