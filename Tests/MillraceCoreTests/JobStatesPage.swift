import TestSupport

@testable import MillraceCore

/// `docs/job-states.md`, made by asking the state machines themselves.
enum JobStatesPage {
  /// What can happen to a job, by its name in the page.
  static let jobEvents: [(name: String, event: Event)] = [
    ("cancel", .cancel(job)), ("reprioritise", .reprioritise(job, Priority(rawValue: 9) ?? .default)),
    ("hold", .hold(job, true)), ("retry", .revive([renewal])), (timeName, .timer), (boundName, .timer),
    ("its process exists", .started(attempt)),
    ("it can't be started", .refused(attempt, reason: "no memory")),
    ("it ends: succeeded", .ended(attempt, .success)), ("it ends: error", .ended(attempt, .failure)),
    ("it ends: not retryable", .ended(attempt, .final)), ("it ends: crashed", .ended(attempt, .crash)),
    ("it ends: own memory limit", .ended(attempt, .ownLimit)),
    ("it ends: memory of others", .ended(attempt, .pressure)),
    ("it ends: snoozed", .ended(attempt, snooze)), ("it ends: lost", .ended(attempt, .unknown)),
    ("it ends: its node was lost", .ended(attempt, cluster(.nodeLost))),
    ("it ends: its node is at fault", .ended(attempt, cluster(.nodeFault("no such directory")))),
    ("it ends: preempted in the cluster", .ended(attempt, cluster(.preempted))),
    ("it ends: cancelled in the cluster", .ended(attempt, cluster(.cancelled))),
  ]

  /// How a job is when something happens to it.
  static let jobStates = [
    "blocked", "scheduled", "queued", "starting", "running", "succeeded", "failed", "cancelled",
  ]

  private static let timeName = "its time comes"
  private static let boundName = "a bound on its time is over"
  private static let job = JobID(1)
  private static let attempt = AttemptID.id(1)
  private static let snooze = AttemptReport(
    exit: .exited(code: 0), usage: Usage(), word: .snoozed(after: .seconds(9), reason: nil))
  /// The end of an attempt by a cluster's doing.
  private static func cluster(_ interruption: Interruption) -> AttemptReport {
    var report = AttemptReport(exit: nil, usage: Usage(), word: nil)
    report.whereabouts = Whereabouts(clusterJob: "1", node: "n1")
    report.interruption = interruption
    return report
  }

  private static let renewal = Renewal(
    Job(
      id: job, submission: Submission(handler: "work", terms: Sample.terms), submitted: Sample.time(0),
      state: .failed, attempts: 1, attemptsUsed: 1), at: Sample.time(50))

  /// Returns the page.
  static func text() -> String {
    var text = """
      # What becomes of a job, whatever happens

      Made from the state machines by `JobStateTests`; `MILLRACE_WRITE_DOCS=1` with that test writes it anew.
      A pair that is *refused* can't come from outside: the part that would tell of it is ours, and the
      scheduler stops if it does. *Passed over*: it came too late, or changes nothing.

      ## Jobs

      The job has 3 attempts and is alone with the handler; a queued one waits for a slot. An attempt that was
      given up as lost in a cluster may leave an end there after all: that is on record (`attempt.late`), and
      changes nothing of its job.


      """
    text += row(["event"] + jobStates) + row(jobStates.map { _ in "---" } + ["---"])
    for (name, event) in jobEvents {
      text += row([name] + jobStates.map { outcome(of: event, named: name, in: $0) ?? "*refused*" })
    }
    text += "\n## Attempts\n\n" + row(["event"] + phases.map(\.name))
    text += row(phases.map { _ in "---" } + ["---"])
    for (name, event) in attemptEvents {
      text += row([name] + phases.map { outcome(of: event, in: $0.name) ?? "*refused*" })
    }
    return text
  }

  private static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |\n" }

  /// What an event does to a job; nil if it is refused.
  static func outcome(of event: Event, named name: String, in state: String) -> String? {
    switch (event, state) {
    case (.started, "starting"), (.refused, "starting"), (.ended, "starting"), (.ended, "running"): break
    case (.started, _), (.refused, _), (.ended, _): return nil
    default: break
    }
    let rig = rig(in: state, isBounded: name == boundName)
    return words(rig.send(event, at: name == timeName ? 40 : 30))
  }

  private static func rig(in state: String, isBounded: Bool) -> Rig {
    let rig = Rig(Rig.policy(slots: 1))
    let bound = Duration.seconds(isBounded ? 30 : 900)
    let waiting = { (terms: inout Terms) in terms.startWithin = bound }
    switch state {
    case "blocked":
      rig.run(Rig.job(2))
      let blocked = BlockedJob(Rig.job(1, change: waiting), waitsFor: [Dependency(.job(JobID(2)))])
      _ = rig.send(.blocked([blocked]))
    case "scheduled": _ = rig.send(.submitted([Rig.job(1, notBefore: 40, change: waiting)]))
    case "queued":
      rig.run(Rig.job(2))
      rig.run(Rig.job(1, change: waiting))
    case "starting": _ = rig.send(.submitted([Rig.job(1) { $0.finishWithin = bound }]))
    case "running": rig.run(Rig.job(1) { $0.finishWithin = bound })
    default: break  // The scheduler knows no job that has ended.
    }
    return rig
  }

  private static func words(_ actions: [Action]) -> String {
    let words = actions.compactMap(words)
    return words.isEmpty ? "passed over" : words.joined(separator: "; ")
  }

  private static func words(_ action: Action) -> String? {
    switch action {
    case .start: "attempt starts"
    case .markRunning: "→ `running`"
    case .freeze: "stopped by the kernel"
    case .thaw: "goes on"
    case .terminate: "SIGTERM"
    case .kill: "SIGKILL"
    case .finish(_, _, .done(let state, _)): "→ `\(state.rawValue)`"
    case .finish(_, _, .retry): "→ `scheduled`"
    case .finish(_, _, .requeue): "→ `queued`"
    case .close(_, let state, let reason): "→ `\(state.rawValue)` (\(reason.code))"
    case .due: "→ `queued`"
    case .unblock: "→ `queued`"
    case .held(_, let isHeld): isHeld ? "held" : "released"
    case .reprioritised: "has another priority"
    case .revive(_, let state, _): "→ `\(state.rawValue)`"
    case .carry(_, let carryover): carryover.memory == nil ? nil : "more memory next time"
    case .cancelRequested: "cancellation recorded"
    case .reclaim: "warm hosts go"
    case .operated, .breaker, .notice: nil
    }
  }
}

extension JobStatesPage {
  /// What can happen to an attempt.
  static let attemptEvents: [(name: String, event: RunningAttempt.Event)] = [
    ("its process exists", .started), ("cancelled", .stopRequested(.cancelled)),
    ("stuck at its memory limit", .stopRequested(.thrashing)), ("evicted", .stopRequested(.evicted)),
    ("memory is short", .freezeRequested), ("memory is there again", .thawRequested),
    ("a time comes", .timer),
  ]

  /// The phases of an attempt, each with how to get there.
  static let phases: [(name: String, way: [RunningAttempt.Event])] = [
    ("starting", []), ("starting, to be stopped", [.stopRequested(.cancelled)]), ("running", [.started]),
    ("frozen", [.started, .freezeRequested]), ("stopping", [.started, .stopRequested(.cancelled)]),
    ("killing", [.started, .stopRequested(.evicted)]),
  ]

  /// What an event does to an attempt; nil if it is refused. The time is one at which all bounds are over.
  static func outcome(of event: RunningAttempt.Event, in phase: String) -> String? {
    if case .started = event, !phase.hasPrefix("starting") { return nil }
    guard let way = phases.first(where: { $0.name == phase })?.way else { return nil }
    let job = Rig.job(1) { $0.finishWithin = .seconds(900) }
    var attempt = RunningAttempt(
      id: .id(1), job: job, build: "", groups: [], admitted: Sample.time(0), estimate: Rig.estimate(of: job))
    for step in way { _ = attempt.handle(step, at: Sample.time(1)) }
    let effects = attempt.handle(event, at: Sample.time(1000)).map { effect in
      switch effect {
      case .markRunning: "→ `running`"
      case .freeze: "stopped by the kernel"
      case .thaw: "goes on"
      case .terminate: "SIGTERM"
      case .kill: "SIGKILL"
      }
    }
    if case .stopRequested = event, effects.isEmpty, phase == "starting" {
      return "stopped as soon as it exists"
    }
    return effects.isEmpty ? "passed over" : effects.joined(separator: "; ")
  }
}
