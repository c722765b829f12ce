import Logging
import MillraceCore
import MillraceEngine

extension SlurmLoop {
  /// Asks Slurm for the next thing, unless it is being asked: what becomes of jobs first, new jobs last.
  func askSlurm() {
    guard !isDeskBusy, let request = nextRequest(at: .now) else { return }
    isDeskBusy = true
    Task { [desk, inbox] in
      inbox.yield(.answer(request, await desk.answer(request, at: Self.wall())))
    }
  }

  private func nextRequest(at now: Instant) -> SlurmRequest? {
    if nextNodePoll <= now {
      nextNodePoll = now + settings.nodePoll
      return .nodes
    }
    if nextPoll <= now, bundles.values.contains(where: { $0.submission != .waiting && !$0.isOver }) {
      nextPoll = now + settings.poll
      askedJobs = now
      return .jobs
    }
    // Until it answers, nothing else is asked for.
    guard hasAnswered, standing.trouble == nil else { return nil }
    for bundle in bundles.values {
      guard let job = bundle.ledger.job, !bundle.isOver || bundle.exitCode == .asked else { continue }
      if bundle.wantsCancel {
        bundle.wantsCancel = false
        return .cancel(bundle.name, job: job)
      }
      if bundle.wantsNudge {
        bundle.wantsNudge = false
        return .nudge(bundle.name, job: job)
      }
      if bundle.exitCode == .asked {
        bundle.exitCode = .asking
        return .exitCode(bundle.name, job: job)
      }
    }
    return nextSubmission()
  }

  private func nextSubmission() -> SlurmRequest? {
    let submitted = bundles.values.count { $0.submission != .waiting && !$0.isOver }
    guard submitted < settings.maxSubmitted else { return nil }
    let now = ContinuousClock.now
    outbox.removeAll { bundles[$0] == nil }
    guard let place = outbox.firstIndex(where: { bundles[$0].map { $0.notBefore <= now } ?? false }) else {
      return nil
    }
    let name = outbox.remove(at: place)
    guard let bundle = bundles[name] else { return nil }
    bundle.submission = .doubtful
    return .submit(name, bundle.ledger.arguments, environment: environment(of: name))
  }

  /// What the host of a bundle finds in its environment: its secret, if it shares no spool with this machine.
  private func environment(of bundle: String) -> [String] {
    guard let key else { return [] }
    return ["MILLRACE_BUNDLE_SECRET=\(key.secret(of: bundle).map(\.hexadecimal).joined())"]
  }

  /// Takes in what Slurm has answered.
  func take(_ result: Result<SlurmReply, SlurmError>, to request: SlurmRequest) {
    if case .failure(.noAnswer(let words)) = result {
      setTrouble(words)
    } else if !hasAnswered || standing.trouble != nil {
      setTrouble(nil)
    }
    switch (request, result) {
    case (.submit(let name, _, _), .success(.job(let job))): bundles[name].map { submitted($0, as: job) }
    case (.submit(let name, _, _), .failure(let error)): bundles[name].map { notSubmitted($0, error) }
    case (.jobs, .success(.jobs(let jobs))): take(jobs)
    case (.nodes, .success(.nodes(let nodes))): take(nodes)
    case (.exitCode(let name, _), .success(.exitCode(let code))): bundles[name]?.exitCode = .known(code)
    case (.exitCode(let name, _), .failure(.noAnswer)): bundles[name]?.exitCode = .asked
    case (.exitCode(let name, _), .failure): bundles[name]?.exitCode = .known(nil)
    case (.cancel(let name, _), .failure(.noAnswer)): bundles[name]?.wantsCancel = true
    case (.jobs, .failure(.refused(let words))), (.nodes, .failure(.refused(let words))),
      (.cancel, .failure(.refused(let words))), (.nudge, .failure(.refused(let words))):
      logger.warning("slurm refuses", metadata: ["error": "\(words)"])
    default: break  // It is asked for again, or of no use any more.
    }
  }

  private func setTrouble(_ words: String?) {
    hasAnswered = true
    let isNews = (standing.trouble == nil) != (words == nil) || words == nil
    guard isNews else { return }
    standing.trouble = words.map { "Slurm does not answer: \($0)" }
    standing.since = Self.wall()
    if words == nil {
      // What it missed is asked for at once.
      nextPoll = .now
    } else {
      logger.warning("slurm does not answer", metadata: ["error": "\(words ?? "")"])
    }
    events.yield(.cluster(standing))
  }

  private func submitted(_ bundle: Bundle, as job: String) {
    bundle.submission = .submitted
    bundle.ledger.job = job
    bundle.state = .waiting
    note(bundle)
    for attempt in bundle.ledger.attempts { tell(attempt, in: bundle) }
    if bundle.unresolved.isEmpty { bundle.wantsCancel = true }
  }

  private func notSubmitted(_ bundle: Bundle, _ error: SlurmError) {
    // It may have it all the same: that shows when it answers again.
    if case .noAnswer = error { return }
    bundle.submission = .waiting
    if let place = bundle.ledger.arguments.firstIndex(where: { $0.hasPrefix("--exclude=") }) {
      // It is maybe for want of those nodes: they may be well again, and no others can do it.
      bundle.ledger.arguments.remove(at: place)
      note(bundle)
      bundle.notBefore = .now + settings.excludedWait
      outbox.append(bundle.name)
      return
    }
    decide(bundle.unresolved.map { ($0, .refused("\(error)")) }, in: bundle)
    concludeIfReleased(bundle, .now)
  }

  private func take(_ nodes: [ClusterNode]) {
    var nodes = nodes
    for index in nodes.indices {
      let name = nodes[index].name
      if let seen = nodes[index].lastSeen { lastSeen[name] = seen }
      nodes[index].lastSeen = lastSeen[name]
    }
    let known = Set(nodes.map(\.name))
    lastSeen = lastSeen.filter { known.contains($0.key) }
    standing.nodes = nodes
    events.yield(.cluster(standing))
  }

  private func take(_ jobs: [SlurmJob]) {
    let byName = Dictionary(grouping: jobs) { $0.name }
    let now = ContinuousClock.now
    for bundle in Array(bundles.values) where bundle.submission != .waiting && !bundle.isOver {
      let mine = byName[bundle.name] ?? []
      if bundle.submission == .doubtful {
        guard let job = mine.first(where: { $0.id == bundle.ledger.job }) ?? mine.first else {
          settleDoubt(of: bundle, now)
          continue
        }
        submitted(bundle, as: job.id)
      }
      guard let job = mine.first(where: { $0.id == bundle.ledger.job }) else {
        bundle.state = nil
        bundle.overSince = now  // Slurm forgets jobs a while after their end.
        bundle.nextLook = now
        continue
      }
      // It was submitted twice, as `sbatch` was not answered the first time: its host would find it taken.
      for other in mine where other.id != job.id { cancelDouble(other) }
      take(job, of: bundle, now)
    }
  }

  private func take(_ job: SlurmJob, of bundle: Bundle, _ now: Instant) {
    bundle.state = job.state
    bundle.stateSeen = askedJobs
    bundle.node = job.node
    bundle.reason = job.reason
    if case .over = job.state {
      bundle.overSince = now
      bundle.nextLook = now
    } else if job.state != .waiting {
      bundle.nextLook = now
    }
    // What was closed must not go on, whatever became of the word for that.
    if bundle.closedSince != nil, [.waiting, .running].contains(job.state) { bundle.wantsCancel = true }
    for attempt in bundle.unresolved { tell(attempt, in: bundle) }
  }

  /// Slurm answers and has no job of this bundle: it is submitted, unless it has run.
  private func settleDoubt(of bundle: Bundle, _ now: Instant) {
    look(at: bundle, now)
    let hasRun =
      bundle.beat != nil || bundle.done != nil || bundle.attempts.values.contains { $0.node != nil }
    if hasRun {
      bundle.submission = .submitted
      bundle.overSince = now
    } else {
      bundle.submission = .waiting
      outbox.append(bundle.name)
    }
  }

  private func cancelDouble(_ job: SlurmJob) {
    if case .over = job.state { return }
    Task { [desk] in _ = await desk.answer(.cancel(job.name, job: job.id), at: Self.wall()) }
  }
}
