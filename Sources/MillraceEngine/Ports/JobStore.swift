package import MillraceCore

/// One committed step of a job or an attempt: what the store writes.
///
/// Each is an `UPDATE … WHERE state = expected`: a step from any other state is a bug and fails the commit.
package enum StoreChange: Sendable {
  /// A job without a key and without dependencies is accepted: its number is the next one.
  case accepted(JobID, Submission, at: Timestamp)
  /// The job is admitted: from `queued` to `starting`, with a new attempt.
  case starting(Attempt)
  /// The attempt's process exists: from `starting` to `running`.
  case running(AttemptID, at: Timestamp)
  /// The attempt ended, and the job goes where `next` says.
  case ended(AttemptID, AttemptEnd, next: AfterAttempt)
  /// An attempt that ended as `lost` has ended after all; its job does not change.
  case late(AttemptID, Outcome)
  /// A job that is not running has ended: it is `cancelled` or `failed`.
  case closed(JobID, JobState, EndReason, at: Timestamp)
  /// The dependencies of a `blocked` job are met: it is `scheduled` if its time has not come, else `queued`.
  case unblocked(JobID, notBefore: Timestamp?)
  /// A job that has not ended is held, or no longer.
  case held(JobID, Bool)
  /// Somebody asked for the cancellation of a job that has not ended.
  case cancelRequested(JobID, at: Timestamp)
  /// What the attempts at a job that has not ended leave to the next one.
  case carried(JobID, Carryover)
  /// A job that `failed` or was `cancelled` begins anew under its number: it is `queued`, or `blocked`, with
  /// all of its attempts before it, and other terms if they are given.
  case revived(JobID, to: JobState, terms: Terms?)
  /// The time of a `scheduled` job has come: it is `queued`.
  case due(JobID)
  /// The processes of a running attempt are stopped by the kernel.
  case frozen(AttemptID, at: Timestamp)
  /// They go on.
  case thawed(AttemptID, at: Timestamp)
  /// A job that has not ended has another priority.
  case reprioritised(JobID, Priority)
  /// Something that a next runner must know is noted, or forgotten.
  case memo(Memo)
  /// The end of a job, which is on record, is announced as an event.
  case announcedEnd(JobID, at: Timestamp)
  /// Something else is announced; once, if its source and id come again.
  case announced(CloudEvent, at: Timestamp)
  /// Something of which there is no row is told to those who follow the runner.
  case told(Transition)

  /// The job that it is about; nil if it is about none.
  package var job: JobID? {
    switch self {
    case .accepted(let job, _, _), .closed(let job, _, _, _), .unblocked(let job, _), .held(let job, _),
      .cancelRequested(let job, _), .carried(let job, _), .revived(let job, _, _), .due(let job),
      .reprioritised(let job, _), .announcedEnd(let job, _):
      job
    case .starting(let attempt): attempt.id.job
    case .running(let id, _), .ended(let id, _, _), .late(let id, _), .frozen(let id, _), .thawed(let id, _):
      id.job
    case .memo, .announced, .told: nil
    }
  }
}

/// Something beside jobs that a next runner must know.
package struct Memo: Hashable, Sendable {
  /// What it is about.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// A setting that was changed at run time.
    case setting
    /// The runner, a handler or a group that does not take or start jobs.
    case pause
    /// The breaker of a handler.
    case breaker
    /// Since which start of the machine runners have worked, by the kernel's boot id.
    case boot
  }

  package var kind: Kind
  /// What of this kind: the name of a setting, a handler, a group.
  package var name: String
  /// Nil to forget it.
  package var value: JSONValue?

  package init(_ kind: Kind, _ name: String, _ value: JSONValue?) {
    self.kind = kind
    self.name = name
    self.value = value
  }
}

/// A submission that is on record.
package struct Acceptance: Hashable, Sendable {
  /// Its job: a new one, or the one that has its key already.
  package var job: JobID
  /// Whether the job is new.
  package var isNew: Bool
  /// How it begins: `queued`, `scheduled` or `blocked`; `cancelled` if a dependency can't be met any more.
  package var state: JobState
  /// The dependencies that are not settled, each on a job.
  package var waitsFor: [Dependency]
  /// Which dependency can't be met any more, for a job that is held for it; nil if all can.
  package var broken: EndReason?

  package init(
    job: JobID, isNew: Bool = true, state: JobState = .queued, waitsFor: [Dependency] = [],
    broken: EndReason? = nil
  ) {
    self.job = job
    self.isNew = isNew
    self.state = state
    self.waitsFor = waitsFor
    self.broken = broken
  }
}

/// The result of a job, as those that depend on it find it.
package struct Output: Hashable, Sendable {
  /// The name of the step, or `job-41`.
  package var name: String
  package var job: JobID
  package var mediaType: String
  package var bytes: [UInt8]

  /// The most that a job finds of all that it depends on.
  package static let largestTotal = Bytes.mebibytes(64)

  package init(name: String, job: JobID, mediaType: String, bytes: [UInt8]) {
    self.name = name
    self.job = job
    self.mediaType = mediaType
    self.bytes = bytes
  }
}

/// Everything of a job that an attempt needs and the scheduler does not keep.
package struct StoredPayload: Sendable {
  /// The parameters, as they were accepted.
  package var parameters: JSONValue
  /// The input; nil if none was given.
  package var input: [UInt8]?
  package var traceParent: String?
  /// The affinity key of the job; nil for none.
  package var affinity: String?
  /// What the attempt before saved; nil if nothing.
  package var checkpoint: [UInt8]?
  /// The results of the jobs that it depends on.
  package var outputs: [Output] = []

  /// The bytes of everything that can be large.
  package var size: Bytes {
    Bytes(Int64((input?.count ?? 0) + (checkpoint?.count ?? 0)))
      + outputs.reduce(.zero) { $0 + Bytes(Int64($1.bytes.count)) }
  }

  package init(parameters: JSONValue, input: [UInt8]?, traceParent: String?) {
    self.parameters = parameters
    self.input = input
    self.traceParent = traceParent
  }

  /// What the first attempt needs of a job that depends on no other.
  init(_ submission: Submission) {
    self.init(
      parameters: submission.parameters, input: submission.input, traceParent: submission.traceParent)
    affinity = submission.affinity
  }
}

/// A job that had not ended when the runner was last here, with its open attempt if it has one.
package struct UnfinishedJob: Sendable {
  package var job: Job
  /// The attempt that was `starting` or `running`; nil if none was.
  package var openAttempt: Attempt?

  package init(job: Job, openAttempt: Attempt?) {
    self.job = job
    self.openAttempt = openAttempt
  }
}

/// Where jobs and attempts are kept. One writer: the engine.
package protocol JobStore: HistoryReader, TransitionStore {
  /// Makes jobs of submissions, all or none; returned means committed to the disk.
  func accept(_ submissions: [Submission], at now: Timestamp) async throws -> [Acceptance]
  /// Makes the jobs of a workflow, all or none, with the workflow itself; returned means committed.
  func accept(
    _ submissions: [Submission], as workflow: WorkflowHead, at now: Timestamp
  ) async throws -> AcceptedWorkflow
  /// The number that the next job gets.
  var nextJob: JobID { get }
  /// Commits changes in one transaction, all or none, in this order; `now` is when that is told.
  func commit(_ changes: [StoreChange], at now: Timestamp) async throws
  /// Returns what an attempt at a job needs.
  func payload(of job: JobID) async throws -> StoredPayload
  /// Returns the same for the first of these jobs, in their order: for as many as have `size` bytes together,
  /// and for one at least. One that can't be read keeps no other back.
  func payloads(of jobs: [JobID], atMost size: Bytes) async -> [Result<StoredPayload, any Error>]
  /// Returns the jobs that have not ended with the lowest numbers above `last`, by number and without their
  /// parameters; less than `count` of them if there are no more.
  func unfinished(after last: JobID, atMost count: Int) async throws -> [UnfinishedJob]
  /// Returns all that was noted for a next runner, by kind and name.
  func memos() async throws -> [Memo]
  /// Deletes jobs that have ended, at most `count` of them in one transaction, those that ended first before
  /// the others: with their attempts, inputs, results, labels, keys and dependencies.
  ///
  /// A job that one that has not ended depends on stays, and so does one whose key still holds unless it is
  /// named. Call it until it deletes nothing.
  func delete(_ choice: EndedJobs, atMost count: Int, at now: Timestamp) async throws -> Deletion
  /// Notes the builds of plugins that were seen, with their handlers.
  func note(_ plugins: [Plugin], at now: Timestamp) async throws
}

extension JobStore {
  /// Returns all jobs that have not ended, by number and without their parameters: more than a kilobyte each.
  package func unfinished() async throws -> [UnfinishedJob] {
    var jobs: [UnfinishedJob] = []
    while true {
      let page = try await unfinished(after: jobs.last?.job.id ?? JobID(0), atMost: 1000)
      jobs += page
      if page.count < 1000 { return jobs }
    }
  }

  package func payloads(of jobs: [JobID], atMost size: Bytes) async -> [Result<StoredPayload, any Error>] {
    var payloads: [Result<StoredPayload, any Error>] = []
    var left = size
    for job in jobs where payloads.isEmpty || left > .zero {
      do {
        let payload = try await payload(of: job)
        left = left - payload.size
        payloads.append(.success(payload))
      } catch {
        payloads.append(.failure(error))
      }
    }
    return payloads
  }
}
