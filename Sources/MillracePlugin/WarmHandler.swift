/// A handler whose jobs are forks of a process that has made itself ready once.
///
/// A plugin with such a handler is warm: Millrace loads it into a host, calls ``warmUp()`` there, and each
/// job finds what is in memory by then, without copying it. A fork has one thread and no open connections,
/// so ``warmUp()`` must leave none: no `Task`, no Dispatch queue but `sync` on one, no `RunLoop`, no socket,
/// pipe or timer. Else its jobs start without the warm-up, and the log tells what was left.
///
/// Nothing promises that a job's process was warmed up: ``Handler/run(_:in:)`` does it itself if it was not,
/// as a `static let` does.
public protocol WarmHandler: Handler {
  /// Makes the host ready, once.
  ///
  /// - Throws: any error: jobs start without the warm-up, and its text is in the runner's log.
  static func warmUp() throws
}

/// A handler whose jobs have affinity keys: a host that is ready for one of them serves all jobs with it.
public protocol AffinityHandler: WarmHandler {
  /// Makes the host ready for the jobs with a key; what it holds for an earlier one may go. What
  /// ``WarmHandler`` says of warm-ups holds here too.
  ///
  /// A job that comes to no such host finds the key in ``Context/affinity`` and must do this itself.
  /// - Parameter key: the key, as its submitter chose it.
  /// - Throws: any error: the jobs start elsewhere, and its text is in the runner's log.
  static func prepare(_ key: String) throws
}

extension AffinityHandler {
  /// Nothing but the key to make ready for.
  public static func warmUp() {}
}
