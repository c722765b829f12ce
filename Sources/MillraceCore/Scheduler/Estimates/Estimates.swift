/// What the jobs of each handler and class need, learned from the attempts that have ended.
///
/// A new build of a plugin inherits what the one before it has shown, until it has shown enough itself.
package struct Estimates: Sendable {
  /// A handler, and the submitter's own division of its jobs.
  package struct Key: Hashable, Sendable {
    package var handler: String
    package var jobClass: String?

    package init(handler: String, jobClass: String?) {
      self.handler = handler
      self.jobClass = jobClass
    }
  }

  /// What is known of a key: the newest build, and the one before it.
  private struct Entry {
    var build: String
    var current: Learned
    var former: Learned?
    var formerBuild = ""

    /// What the newest build takes more of.
    var regressions: [Regression] {
      guard let former else { return [] }
      return [
        Regression.find(.memory, current.memory.sorted, against: former.memory.sorted, of: formerBuild),
        Regression.find(.time, current.duration.sorted, against: former.duration.sorted, of: formerBuild),
      ].compactMap(\.self)
    }
  }

  /// More kinds of jobs than this are not told apart: a class that comes later is estimated by its handler.
  package static let maxKeys = 10_000

  /// How it learns; its window never changes.
  var rule: Policy.Learning
  private var places: [Key: Int] = [:]
  private var entries: [Entry] = []
  private var runs = 0
  private var total = Duration.zero

  /// Makes estimates of which nothing is learned yet.
  package init(rule: Policy.Learning) { self.rule = rule }

  /// Takes in what an attempt has shown.
  package mutating func note(_ evidence: Evidence) {
    runs += 1
    total += evidence.duration
    note(evidence, under: Key(handler: evidence.handler, jobClass: nil))
    if evidence.jobClass != nil {
      note(evidence, under: Key(handler: evidence.handler, jobClass: evidence.jobClass))
    }
  }

  private mutating func note(_ evidence: Evidence, under key: Key) {
    guard let place = place(of: key, making: evidence.build) else { return }
    if entries[place].build != evidence.build {
      // A build that showed too little passes on what it inherited.
      if isEnough(entries[place].current) || entries[place].former == nil {
        entries[place].former = entries[place].current
        entries[place].formerBuild = entries[place].build
      }
      entries[place].build = evidence.build
      entries[place].current = Learned(window: rule.window)
    }
    entries[place].current.note(evidence)
  }

  private mutating func place(of key: Key, making build: String) -> Int? {
    if let place = places[key] { return place }
    guard entries.count < Self.maxKeys else { return nil }
    places[key] = entries.count
    entries.append(Entry(build: build, current: Learned(window: rule.window)))
    return entries.count - 1
  }

  private func isEnough(_ learned: Learned) -> Bool { learned.duration.count >= rule.few }

  /// Returns what speaks for a kind of job now; nil if nothing was measured. A build that has shown too
  /// little is covered by the one before it.
  func learned(_ key: Key) -> Learned? {
    guard let place = places[key] else { return nil }
    let entry = entries[place]
    guard let former = entry.former, !isEnough(entry.current) else { return entry.current }
    return former
  }

  /// Returns what a job is expected to need.
  package func estimate(for job: WaitingJob) -> Estimate {
    let limits = job.limits
    let timeout = job.timeout
    var estimate = Estimate(
      memory: limits.memory, cpuMillis: limits.cpuMillis, expectedRun: timeout, runBound: timeout,
      settling: rule.settling, memoryBasis: .declared, runBasis: .declared)
    guard rule.isOn else { return estimate }
    estimate.expectedRun = expectedRun(of: job)
    guard let learned = learned(Key(handler: job.handler, jobClass: job.jobClass)) ?? ofHandler(job) else {
      return estimate
    }
    if let (peak, basis) = figure(learned.memory) {
      estimate.memory = min(max(Bytes(peak), job.carryover.shown ?? .zero), limits.memory)
      estimate.memoryBasis = basis
    }
    if let (rate, _) = figure(learned.cpuMillis) { estimate.cpuMillis = min(max(rate, 1), limits.cpuMillis) }
    if let (length, basis) = figure(learned.duration) {
      estimate.runBound = min(.microseconds(length), timeout)
      estimate.runBasis = basis
    }
    if let (length, _) = figure(learned.settling) {
      estimate.settling = min(max(.microseconds(length), Self.leastSettling), Self.longestSettling)
    }
    return estimate
  }

  /// What speaks for a class that is not told apart.
  private func ofHandler(_ job: WaitingJob) -> Learned? {
    entries.count < Self.maxKeys ? nil : learned(Key(handler: job.handler, jobClass: nil))
  }

  /// The mean of the last attempts of its class, else of its handler, else its time limit.
  private func expectedRun(of job: WaitingJob) -> Duration {
    let ofClass = learned(Key(handler: job.handler, jobClass: job.jobClass))
    let recent =
      ofClass?.duration.mean(ofLast: rule.recent)
      ?? learned(Key(handler: job.handler, jobClass: nil))?.duration.mean(ofLast: rule.recent)
    return recent.map { min(.microseconds($0), job.timeout) } ?? job.timeout
  }

  /// Returns what the next job of a handler is expected to need by what its jobs of all classes have shown;
  /// nil while that is too little, or nothing is learned.
  func expectation(of handler: String) -> (memory: Bytes?, run: Duration?) {
    guard rule.isOn, let learned = learned(Key(handler: handler, jobClass: nil)) else { return (nil, nil) }
    return (
      figure(learned.memory).map { Bytes($0.0) }, figure(learned.duration).map { .microseconds($0.0) }
    )
  }

  /// The mean run time of all attempts that were noted; nil if there were none.
  var meanRun: Duration? { runs > 0 ? total / runs : nil }

  /// Returns a memory limit for a job that declares none: half as much again as the largest peak, in whole
  /// 16 MiB; nil while there are few attempts.
  func limit(handler: String, jobClass: String?) -> Bytes? {
    guard rule.isOn, let learned = learned(Key(handler: handler, jobClass: jobClass)),
      figure(learned.memory) != nil, let most = learned.memory.max
    else { return nil }
    return Bytes(most.scaled(by: 3, over: 2).roundedUp(to: Bytes.mebibytes(16).rawValue))
  }

  /// Shorter than the time between two samples nothing can be told.
  private static let leastSettling = Duration.seconds(2)
  private static let longestSettling = Duration.seconds(600)

  /// Nothing while there are few figures, the largest while there are not many, then the 95th percentile.
  private func figure(_ window: SlidingWindow) -> (Int64, Basis)? {
    guard window.count >= rule.few, let most = window.max else { return nil }
    guard window.count >= rule.some, let figure = window.percentile(95) else {
      return (most, .maximum(of: window.count))
    }
    return (figure, .percentile95(of: window.count))
  }

  /// Returns the figures of a handler: all of its jobs first, then its classes by name.
  package func statistics(of handler: String) -> [Statistics] {
    places.keys.filter { $0.handler == handler }
      .sorted { left, right in
        guard let mine = left.jobClass, let other = right.jobClass else { return right.jobClass != nil }
        return mine < other
      }
      .compactMap { key in
        guard let place = places[key], let learned = learned(key) else { return nil }
        let entry = entries[place]
        let isInherited = entry.former != nil && !isEnough(entry.current)
        var statistics = Statistics(
          handler: key.handler, jobClass: key.jobClass, build: isInherited ? entry.formerBuild : entry.build,
          isInherited: isInherited, attempts: learned.duration.count, memory: .init(learned.memory),
          cpuMillis: .init(learned.cpuMillis), duration: .init(learned.duration),
          timeToPeak: .init(learned.settling))
        statistics.regressions = entry.regressions
        return statistics
      }
  }
}
