import MillraceCore
import MillraceEngine

/// The attempts of one commit that both begin to run and end in it, as short ones do: each is written once.
struct BegunAndEnded {
  /// When each began to run.
  private var times: [AttemptID: Timestamp] = [:]

  /// Finds them. One that was frozen meanwhile is written step by step.
  init(in changes: [StoreChange]) {
    var begun: [AttemptID: Timestamp] = [:]
    for change in changes {
      switch change {
      case .running(let id, let time): begun[id] = time
      case .frozen(let id, _): begun[id] = nil
      case .ended(let id, _, _): if let time = begun[id] { times[id] = time }
      case .starting, .closed, .unblocked, .held, .cancelRequested, .carried, .revived, .due, .thawed,
        .reprioritised, .memo, .announcedEnd, .announced:
        break
      }
    }
  }

  /// When an attempt began to run that ends in the same commit; nil for every other one.
  func time(of id: AttemptID) -> Timestamp? { times[id] }
}
