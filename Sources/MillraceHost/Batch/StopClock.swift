/// How far the stopping of an attempt has come: SIGTERM, after its grace SIGKILL, and where that does not
/// help its warden is ended, too.
struct StopClock {
  /// Why it is stopped, in the first place; nil if it is not.
  private(set) var reason: StopReason?
  private var stage = Stage.running
  /// When the next step is due, in ms; nil if none is.
  private(set) var deadline: Int64?

  private enum Stage {
    case running
    case terminated
    case killed
    case forced
  }

  /// What is to be done with the attempt's processes.
  enum Step {
    case terminate
    case kill
    /// Ends the warden, which does not do what it is told.
    case force
  }

  /// How long the warden has to end them all, in ms.
  private static let killMilliseconds: Int64 = ProcessTree.patience + 5000

  /// Begins with the attempt's time limit, if it has one; it is the first thing that is due.
  init(timeout: Int64, grace: Int64, at now: Int64) {
    self.grace = grace
    if timeout > 0 { deadline = now + timeout }
  }

  private let grace: Int64

  /// Asks the attempt to stop within its grace, or within `bound` ms if that is less.
  mutating func terminate(_ why: StopReason, bound: Int64 = .max, at now: Int64) -> Step? {
    switch stage {
    case .running:
      stage = .terminated
      reason = why
      deadline = now + min(grace, bound)
      return .terminate
    case .terminated:
      // The first request fixed the deadline, unless this one has less time.
      deadline = min(deadline ?? .max, bound == .max ? .max : now + bound)
      return nil
    case .killed, .forced: return nil
    }
  }

  /// Has the attempt killed.
  mutating func kill(_ why: StopReason, at now: Int64) -> Step? {
    switch stage {
    case .running, .terminated:
      stage = .killed
      reason = reason ?? why
      deadline = now + StopClock.killMilliseconds
      return .kill
    case .killed, .forced: return nil
    }
  }

  /// Takes the next step if it is due.
  mutating func tick(at now: Int64) -> Step? {
    guard let deadline, deadline <= now else { return nil }
    switch stage {
    case .running: return terminate(.timeout, at: now)
    case .terminated: return kill(reason ?? .term, at: now)
    case .killed:
      stage = .forced
      self.deadline = nil
      return .force
    case .forced:
      self.deadline = nil
      return nil
    }
  }
}
