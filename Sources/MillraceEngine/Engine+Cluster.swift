import Logging
import MillraceCore

extension Engine {
  /// What runs an attempt that was launched.
  func launcher(of attempt: AttemptID) -> any AttemptLauncher {
    if abroad[attempt] != nil, let cluster = ports.cluster { cluster } else { ports.launcher }
  }

  /// Starts attempts, each where it was decided.
  func launch(_ plans: [LaunchPlan]) async {
    let here = plans.filter { $0.order == nil }
    let there = plans.filter { $0.order != nil }
    if !here.isEmpty { await ports.launcher.launch(here) }
    guard !there.isEmpty, let cluster = ports.cluster else { return }
    for plan in there { abroad[plan.attempt] = Whereabouts() }
    await cluster.launch(there)
  }

  /// Lets go of attempts whose ends are on record.
  func release(_ attempts: [AttemptID]) async {
    let there = attempts.filter { abroad[$0] != nil }
    let here = there.isEmpty ? attempts : attempts.filter { abroad[$0] == nil }
    if !here.isEmpty { await ports.launcher.release(here) }
    guard !there.isEmpty else { return }
    await ports.cluster?.release(there)
    for attempt in there { abroad[attempt] = nil }
  }

  /// What an attempt is started with, here or there.
  func plan(_ launch: Backlog.Launch, _ payload: StoredPayload, at now: Timestamp) -> LaunchPlan {
    let job = launch.job
    var plan = LaunchPlan(
      attempt: launch.id, handler: job.handler, plugin: launch.plugin, limits: job.limits,
      priority: job.priority, deadline: job.deadline(ofStart: now),
      payload: isTraced ? launch.traced(payload) : payload)
    guard launch.place == .slurm else { return plan }
    let expectation = scheduler.learnedNeed(of: job)
    // It starts when the cluster has a place for it.
    plan.deadline = job.finishBy
    plan.order = ClusterOrder(
      groups: scheduler.groups(of: launch.id), jobClass: job.jobClass, timeout: job.timeout,
      grace: job.terms.grace, estimate: expectation.need, expectedRun: expectation.run,
      excluded: scheduler.excludedNodes(at: now))
    return plan
  }

  /// Takes over what a former runner left, here and in the cluster; returns what goes on.
  /// - Throws: also if attempts are in a cluster and there is none in the configuration: started again, they
  ///   would run twice.
  func takeOver(_ open: [Attempt]) async throws -> Set<AttemptID> {
    let there = open.filter { $0.place == .slurm }
    var kept = try await ports.launcher.takeOver(open: open.filter { $0.place == .local }.map(\.kept))
    if let cluster = ports.cluster {
      let known = try await cluster.takeOver(open: there.map(\.kept))
      for attempt in known { abroad[attempt] = Whereabouts() }
      kept += known
    } else if let attempt = there.first {
      throw Refusal(
        .conflict, "attempts are in Slurm, \(attempt.id) among them, and the configuration has no `slurm`",
        hint: "put `slurm` back into the configuration until they have ended")
    }
    return Set(kept)
  }

  package func cluster() -> ClusterReport? {
    guard ports.cluster != nil, let rules = scheduler.policy.cluster else { return nil }
    let now = ports.clock.now()
    let names = scheduler.cluster?.nodes.map(\.name) ?? []
    return ClusterReport(
      standing: scheduler.cluster, bound: rules.outstanding,
      attempts: abroad.filter { scheduler.place(of: $0.key) == .slurm },
      coolsUntil: names.reduce(into: [:]) { $0[$1] = scheduler.coolsUntil(node: $1, at: now) })
  }

  /// Takes note of where in the cluster an attempt is.
  func note(_ whereabouts: Whereabouts, of attempt: AttemptID) {
    if abroad[attempt] != nil { abroad[attempt] = whereabouts }
  }

  /// Records how an attempt has ended after all that had been given up as lost; its job went on without it.
  func note(late report: AttemptReport, of attempt: AttemptID) {
    let outcome = report.plainOutcome
    note(
      "attempt \(attempt) was lost and has ended after all: \(outcome.rawValue); its job does not count that")
    backlog.changes.append(.late(attempt, outcome))
    ring.yield()
  }
}

extension Attempt {
  fileprivate var kept: KeptAttempt { KeptAttempt(attempt: id, plugin: plugin) }
}
