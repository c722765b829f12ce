import MillraceCore
import MillraceEngine

extension MemoryJobStore.State {
  /// Puts a submission on record; `batch` has the numbers of those before it.
  mutating func accept(
    _ submission: Submission, of workflow: Int64?, batch: [JobID], at now: Timestamp
  ) throws -> Acceptance {
    let acceptance = try take(submission, of: workflow, batch: batch, at: now)
    telling += acceptance.transitions(of: submission, workflow: workflow)
    return acceptance
  }

  /// The same without telling of it.
  mutating func take(
    _ submission: Submission, of workflow: Int64?, batch: [JobID], at now: Timestamp
  ) throws -> Acceptance {
    guard !submission.labels.keys.contains("") else {
      throw MemoryJobStore.Refusal(description: "the key of a label is empty")
    }
    let scope = submission.key.map { [$0.scope == .global ? "" : submission.handler, $0.text] }
    if let scope, let (job, until) = keys[scope] {
      let state = records[Int(job.rawValue) - 1].job.state
      if until.map({ $0 > now }) ?? !state.isFinal { return Acceptance(job: job, isNew: false, state: state) }
    }
    let waits = submission.notBefore.map { $0 > now } ?? false
    var asked = submission
    asked.input = nil
    asked.after = asked.after.map { dependency in
      guard case .position(let index) = dependency.needed else { return dependency }
      return Dependency(.job(batch[index]), dependency.condition, name: dependency.name)
    }
    let id = JobID(Int64(records.count + 1))
    var job = Job(
      id: id, submission: asked, inputLength: submission.input.map { Bytes(Int64($0.count)) },
      submitted: now, state: waits ? .scheduled : .queued, notBefore: waits ? submission.notBefore : nil)
    job.isHeld = submission.isHeld
    job.workflow = workflow
    let (open, broken) = try settle(&job, at: now)
    if let scope { keys[scope] = (id, submission.key?.window.map { now + $0 }) }
    records.append(MemoryJobStore.Record(job: job, input: submission.input))
    return Acceptance(job: id, state: job.state, waitsFor: open, broken: broken)
  }

  /// Brings a new job into the state that its dependencies want; returns those that are open, and
  /// why it is held.
  private func settle(
    _ job: inout Job, at now: Timestamp
  ) throws -> (open: [Dependency], broken: EndReason?) {
    var open: [Dependency] = []
    for dependency in job.submission.after {
      guard case .job(let needed) = dependency.needed, has(needed) else {
        throw MemoryJobStore.Refusal(description: "\(dependency.needed) is not there")
      }
      let state = records[Int(needed.rawValue) - 1].job.state
      if !state.isFinal {
        open.append(dependency)
      } else if !dependency.condition.isMet(by: state), job.reason == nil {
        job.reason = .dependency(needed, state, neededAs: dependency.condition)
      }
    }
    guard job.reason != nil || !open.isEmpty else { return ([], nil) }
    job.state = .blocked
    job.notBefore = nil
    guard let reason = job.reason else { return (open, nil) }
    if job.submission.onDependencyFailure == .hold {
      (job.isHeld, job.submission.isHeld, job.reason) = (true, true, nil)
      return (open, reason)
    }
    (job.state, job.ended) = (.cancelled, now)
    return ([], nil)
  }
}
