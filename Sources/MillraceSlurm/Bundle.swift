import MillraceCore

/// One job of Slurm with the attempts that ride in it, as this runner knows it.
final class Bundle {
  var ledger: BundleLedger
  var submission: Submission
  var attempts: [AttemptID: Ridden] = [:]

  /// What Slurm said last; nil if it has said nothing.
  var state: SlurmJob.State?
  /// When it said that.
  var stateSeen: ContinuousClock.Instant?
  var node: String?
  var reason: String?
  /// Since when Slurm says that it is over, or does not know it any more.
  var overSince: ContinuousClock.Instant?
  var exitCode = ExitCode.unasked

  /// What the host said last, and since when that has not changed.
  var beat: HeartbeatText?
  var stillSince: ContinuousClock.Instant
  var done: DoneText?
  var doneSince: ContinuousClock.Instant?
  /// When this runner has closed it, or has found it closed.
  var closedSince: ContinuousClock.Instant?

  /// What Slurm is to be asked for as soon as it answers.
  var wantsCancel = false
  var wantsNudge = false
  /// It is not submitted before.
  var notBefore: ContinuousClock.Instant
  /// When it is looked at next, while it waits in Slurm's queue.
  var nextLook: ContinuousClock.Instant
  /// Whether it was said that it can't be read.
  var isComplaining = false

  init(_ ledger: BundleLedger, _ submission: Submission, at now: ContinuousClock.Instant) {
    self.ledger = ledger
    self.submission = submission
    stillSince = now
    nextLook = now
    notBefore = now
  }

  var name: String { ledger.name }

  enum Submission {
    /// Slurm does not have it.
    case waiting
    /// Nobody knows whether Slurm has it: it has not answered, or a former runner did not note it.
    case doubtful
    /// Slurm has it, or has had it.
    case submitted
  }

  /// What is known of the exit code of the job's program.
  enum ExitCode: Equatable { case unasked, asked, asking, known(Int32?) }

  /// Whether nothing of it runs, by what Slurm says.
  var isOver: Bool { overSince != nil }

  /// How it is over; nil if it is not, or if Slurm does not know it any more.
  var ending: SlurmJob.Ending? {
    guard case .over(let ending) = state else { return nil }
    return ending
  }

  /// The attempts that have not ended, in their order.
  var unresolved: [AttemptID] { ledger.attempts.filter { attempts[$0]?.isOpen == true } }

  func whereabouts(of attempt: AttemptID) -> Whereabouts {
    let place = attempts[attempt]?.node ?? node
    return Whereabouts(clusterJob: ledger.job, node: place, reason: place == nil ? reason : nil)
  }
}

/// An attempt of a bundle.
struct Ridden {
  var phase = Phase.waiting
  /// What was asked of its host; nil if nothing was.
  var stop: Stop?
  var node: String?
  /// How much of its log is here.
  var logged = 0
  var progress: Progress?
  /// What was told of where it is.
  var told: Whereabouts?

  enum Phase {
    /// It has not started.
    case waiting
    case running
    /// Its host has stopped it, and Slurm has not said why yet.
    case held(EndedText, since: ContinuousClock.Instant)
    /// It has ended, and that was told.
    case ended
  }

  enum Stop: String { case term, kill }

  var isOpen: Bool {
    if case .ended = phase { false } else { true }
  }
}
