/// The circuit breaker of a handler's build: a state machine.
struct Breaker: Sendable, Equatable {
  /// How it is; each case carries what is alive in it.
  enum Phase: Sendable, Equatable {
    case closed(Tally)
    /// Nothing starts until a time; then one attempt may.
    case open(Opening)
    /// The attempt that was started at `since` is the try.
    case probing(Opening, since: Timestamp)
  }

  /// What the last attempts were like.
  struct Tally: Sendable, Equatable {
    /// Failures since the last success, each of another job than the one before.
    var inRow = 0
    var lastFailed: JobID?
    /// The last attempts, the newest in the lowest bit; 1 is a failure.
    var bits: UInt64 = 0
    var count = 0
  }

  /// Why and until when it is open.
  struct Opening: Sendable, Equatable {
    var until: Timestamp
    var failures: Int
    /// How often it has opened since the last success.
    var times: Int
  }

  /// What can happen.
  enum Event {
    /// An attempt was started.
    case began
    /// An attempt that a former runner started at a time goes on.
    case adopted(started: Timestamp)
    case ended(Judgement, JobID, admitted: Timestamp)
    case reset
  }

  /// What an end says of the handler.
  enum Judgement: Sendable { case success, failure, nothing }

  /// The build of the plugin.
  let build: String
  private(set) var phase = Phase.closed(Tally())

  init(build: String) { self.build = build }

  /// Makes one that a former runner left open.
  init(_ standing: BreakerStanding) {
    build = standing.build
    guard let until = standing.opensAt, standing.phase != .closed else { return }
    phase = .open(Opening(until: until, failures: standing.failures, times: max(1, standing.times)))
  }

  /// Whether an attempt may start.
  func isOpen(at now: Timestamp) -> Bool {
    switch phase {
    case .closed: true
    case .open(let opening): opening.until <= now
    case .probing: false
    }
  }

  /// When time alone will let an attempt start; nil if it will not, or need not.
  var nextTime: Timestamp? { if case .open(let opening) = phase { opening.until } else { nil } }

  /// Takes something in; returns whether somebody should know what has become of it.
  mutating func handle(_ event: Event, _ rules: BreakerRules, at now: Timestamp) -> Bool {
    switch (phase, event) {
    case (.open(let opening), .began):
      phase = .probing(opening, since: now)
      return false
    case (.open(let opening), .adopted(let started)):
      if started >= opening.until { phase = .probing(opening, since: started) }
      return false
    case (.closed(let tally), .ended(.failure, let job, _)):
      return count(job, in: tally, rules, at: now)
    case (.closed(var tally), .ended(.success, _, _)):
      tally.note(isFailure: false)
      (tally.inRow, tally.lastFailed) = (0, nil)
      phase = .closed(tally)
      return false
    case (.probing(let opening, let since), .ended(.failure, _, let admitted)):
      guard admitted >= since else { return false }  // It was started before the breaker opened.
      open(opening.failures + 1, times: opening.times + 1, rules, at: now)
      return true
    case (.probing(let opening, let since), .ended(.nothing, _, let admitted)):
      if admitted >= since { phase = .open(opening) }  // Another one may try.
      return false
    case (.open, .ended(.success, _, _)), (.probing, .ended(.success, _, _)), (.open, .reset),
      (.probing, .reset):
      phase = .closed(Tally())
      return true
    case (.closed, .reset):
      phase = .closed(Tally())
      return false
    case (.closed, .began), (.closed, .adopted), (.closed, .ended(.nothing, _, _)),
      (.open, .ended(.failure, _, _)), (.open, .ended(.nothing, _, _)), (.probing, .adopted):
      return false  // They change nothing: what ends now was started before the breaker opened.
    case (.probing, .began):
      preconditionFailure("a second attempt was started to try")
    }
  }

  private mutating func count(
    _ job: JobID, in tally: Tally, _ rules: BreakerRules, at now: Timestamp
  ) -> Bool {
    var tally = tally
    // One job that fails again and again is no reason to stop the others.
    if tally.lastFailed != job { tally.inRow += 1 }
    tally.lastFailed = job
    tally.note(isFailure: true)
    phase = .closed(tally)
    let failed = tally.failures(ofLast: rules.window)
    let isRate = rules.rate.map { rate in
      failed != nil && Double(failed ?? 0) >= rate * Double(rules.window)
    }
    guard tally.inRow >= rules.failures || isRate ?? false else { return false }
    open(tally.inRow >= rules.failures ? tally.inRow : failed ?? 0, times: 1, rules, at: now)
    return true
  }

  private mutating func open(_ failures: Int, times: Int, _ rules: BreakerRules, at now: Timestamp) {
    let wait = RetryRule().delay(base: rules.coolDown, times: times, bound: rules.longestCoolDown, lot: 0)
    phase = .open(Opening(until: now + wait, failures: failures, times: times))
  }

  /// Returns how it is.
  func standing(of handler: String) -> BreakerStanding {
    switch phase {
    case .closed(let tally):
      BreakerStanding(handler: handler, build: build, phase: .closed, failures: tally.inRow)
    case .open(let opening):
      BreakerStanding(
        handler: handler, build: build, phase: .open, failures: opening.failures, opensAt: opening.until,
        times: opening.times)
    case .probing(let opening, _):
      BreakerStanding(
        handler: handler, build: build, phase: .probing, failures: opening.failures, times: opening.times)
    }
  }
}

extension Breaker.Tally {
  fileprivate mutating func note(isFailure: Bool) {
    bits = bits << 1 | (isFailure ? 1 : 0)
    count = min(count + 1, 64)
  }

  /// How many of the last attempts failed; nil while there are fewer.
  fileprivate func failures(ofLast window: Int) -> Int? {
    let window = min(max(window, 1), 64)
    guard count >= window else { return nil }
    return (bits & (UInt64.max >> UInt64(64 - window))).nonzeroBitCount
  }
}
