/// When a waiting job will start if everything goes as expected.
package struct Forecast: Sendable, Equatable {
  /// The predicted start; nil if none can be told.
  package var start: Timestamp?
  /// On what it rests, or why none can be told.
  package var basis: String

  package init(start: Timestamp?, basis: String) {
    self.start = start
    self.basis = basis
  }
}

extension Scheduler {
  /// Predicts the start of a job by letting a copy of this scheduler run ahead: every attempt ends when it is
  /// expected to, nothing new is submitted, memory stays as short as it is.
  /// It looks no more than `bound` ends and times ahead.
  package func forecast(of job: JobID, at now: Timestamp, atMost bound: Int = 5_000) -> Forecast {
    if attemptOf[job] != nil { return Forecast(start: now, basis: "it runs") }
    if let obstacle = obstacle(of: job) { return Forecast(start: nil, basis: obstacle) }
    var ahead = self
    ahead.isLearning = false
    var time = now
    var ends = 0
    ahead.confirmStarts(of: running.ids, at: now)
    ahead.go([.timer], at: now)
    for _ in 0..<bound {
      guard ahead.attemptOf[job] == nil else { break }
      guard ahead.knows(job) else {
        return Forecast(start: nil, basis: expires(job, by: time) ? Self.waitedTooLong : Self.neverByItself)
      }
      let expected = ahead.running.all.map { (id: $0.id, end: max($0.expectedEnd(at: time), time)) }
      guard let next = (expected.map(\.end) + [ahead.nextTime].compactMap(\.self)).min() else {
        return Forecast(start: nil, basis: "no end and no time is known that would open its gates")
      }
      time = max(time, next)
      let ended = expected.filter { $0.end <= time }.map(\.id).sorted()
      ends += ended.count
      ahead.go(ended.map { .ended($0, Self.guess) } + [.timer], at: time)
    }
    guard ahead.attemptOf[job] != nil else {
      return Forecast(start: nil, basis: "it is more than \(bound) ends of other attempts away")
    }
    return Forecast(start: time, basis: basis(afterEnds: ends))
  }

  /// Why nothing can be told of a job's start, where that is plain; nil if it is not.
  private func obstacle(of id: JobID) -> String? {
    guard let job = waiting[id] ?? dependencies.job(id) else { return "it does not wait" }
    if let broken = dependencies.broken(id) { return "it is held: \(broken.message)" }
    if isDraining { return "the runner is shutting down" }
    if job.isHeld { return "it is held until somebody releases it" }
    if let station = paused(job) { return "\(station.words) is paused" }
    if handlers.rules[job.handler] == nil { return "no plugin in use has its handler" }
    if parked[job.handler]?.contains(id) ?? false { return "it is expected to need more than the runner has" }
    if pressure.level == .critical { return "memory is critically short, nobody knows for how long" }
    return nil
  }

  /// Predicts the start of a job that is not submitted yet.
  package func forecast(ofNew job: WaitingJob, at now: Timestamp) -> Forecast {
    var ahead = self
    ahead.go([.submitted([job])], at: now)
    if ahead.attemptOf[job.id] != nil { return Forecast(start: now, basis: "every gate is open") }
    return ahead.forecast(of: job.id, at: now)
  }

  private static let neverByItself = "it starts only if a job that it depends on ends badly"

  /// How attempts end in a forecast.
  private static let guess = AttemptReport(exit: .exited(code: 0), usage: Usage(), word: .done(nil))

  /// Lets things happen; what starts exists at once.
  private mutating func go(_ events: [Event], at time: Timestamp) {
    let actions = handle(events, at: time)
    let started = actions.compactMap { if case .start(let id, _, _, _) = $0 { id } else { nil } }
    confirmStarts(of: started, at: time)
  }

  private mutating func confirmStarts(of ids: [AttemptID], at time: Timestamp) {
    for id in ids {
      if case .starting = running[id]?.phase { _ = handle(.started(id), at: time) }
    }
  }

  private func basis(afterEnds ends: Int) -> String {
    let what = ends == 1 ? "1 attempt ends" : "\(ends) attempts end"
    return ends == 0
      ? "by its time and the rates alone"
      : "if \(what) as expected (learned run times, else time limits) and nobody submits what comes first"
  }
}
