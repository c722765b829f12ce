import MillraceCore

extension Engine {
  /// Something that a caller asks for and waits until it is on record.
  struct Request {
    var events: [Event]
    /// What is to be noted beside what the scheduler decides.
    var changes: [StoreChange] = []
    var answer: CheckedContinuation<Reply, any Error>
  }

  /// What came of a request.
  struct Reply: Sendable {
    /// The jobs that were changed, in the order of the decisions.
    var jobs: [JobID]
    /// Whether all of it is on record; if not, it holds all the same and is recorded when that is possible.
    var isRecorded: Bool
  }

  /// Lets something happen that somebody asks for; returns when that is on record, or can't be.
  func ask(_ events: [Event], noting changes: [StoreChange] = []) async throws -> Reply {
    try await withCheckedThrowingContinuation { answer in
      put(.request(Request(events: events, changes: changes, answer: answer)))
    }
  }

  /// The same where a record that can't be written is an error.
  func askOnRecord(_ events: [Event], noting changes: [StoreChange] = []) async throws -> [JobID] {
    let reply = try await ask(events, noting: changes)
    guard reply.isRecorded else {
      throw Refusal(
        .storage, "it is done, but the record cannot be written: a restart now would undo it",
        hint: "`millrace doctor` shows the state of the disk")
    }
    return reply.jobs
  }

  /// Answers requests after the commit of their tick.
  func answer(_ requests: [Request], about actions: [Action]) {
    let changed = actions.compactMap(\.changedJob)
    for request in requests {
      let asked = Set(request.events.compactMap(\.job))
      request.answer.resume(
        returning: Reply(jobs: changed.filter(asked.contains), isRecorded: backlog.changes.isEmpty))
    }
  }
}

extension Event {
  /// The job that somebody wants changed; nil for other events.
  fileprivate var job: JobID? {
    switch self {
    case .cancel(let job), .hold(let job, _), .reprioritise(let job, _): job
    default: nil
    }
  }
}

extension Action {
  /// The job that somebody wanted changed and that is; nil for other actions.
  fileprivate var changedJob: JobID? {
    switch self {
    case .close(let job, _, _), .cancelRequested(let job), .held(let job, _), .reprioritised(let job, _): job
    default: nil
    }
  }
}
