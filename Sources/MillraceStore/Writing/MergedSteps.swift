import MillraceCore
import MillraceEngine

/// Steps of one commit that follow each other, as those of short attempts do: each row is written once.
struct MergedSteps {
  /// The jobs that are accepted and start.
  private var atOnce: Set<JobID> = []
  /// When attempts began to run that end.
  private var starts: [AttemptID: Timestamp] = [:]

  /// Finds them. An attempt that was frozen meanwhile is written step by step.
  init(in changes: [StoreChange]) {
    var accepted: Set<JobID> = []
    var begun: [AttemptID: Timestamp] = [:]
    for change in changes {
      switch change {
      case .accepted(let job, let submission, let time):
        if submission.firstState(at: time) == .queued { accepted.insert(job) }
      case .starting(let attempt):
        if attempt.id.number == 1, accepted.contains(attempt.id.job) { atOnce.insert(attempt.id.job) }
      case .running(let id, let time): begun[id] = time
      case .frozen(let id, _): begun[id] = nil
      case .ended(let id, _, _): if let time = begun[id] { starts[id] = time }
      case .late, .closed, .unblocked, .held, .cancelRequested, .carried, .revived, .due, .thawed,
        .reprioritised, .memo, .announcedEnd, .announced, .told:
        break
      }
    }
  }

  /// Whether a job is accepted and starts in the same commit.
  func startsAtOnce(_ job: JobID) -> Bool { atOnce.contains(job) }

  /// When an attempt began to run that ends in the same commit; nil for every other one.
  func start(of id: AttemptID) -> Timestamp? { starts[id] }
}
