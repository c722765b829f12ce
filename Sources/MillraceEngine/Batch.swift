import MillraceCore

/// What one caller submits.
struct Batch: Sendable {
  var submissions: [Submission]
  var answer: CheckedContinuation<[Acceptance], any Error>
  /// Whether it is written by itself, before anything is decided of its jobs.
  var isApart = false

  /// Whether nothing on record has a say in what becomes of it: no key, no dependency.
  var isFree: Bool {
    !isApart && submissions.allSatisfy { $0.key == nil && $0.after.isEmpty }
  }

  /// Whether it may be written behind others: no job of it names its place.
  var canShare: Bool {
    !isApart
      && submissions.allSatisfy { submission in
        submission.after.allSatisfy { if case .job = $0.needed { true } else { false } }
      }
  }
}
