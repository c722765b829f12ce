import MillraceCore

/// What one caller submits.
struct Batch: Sendable {
  var submissions: [Submission]
  var answer: CheckedContinuation<[Acceptance], any Error>

  /// Whether it means the same behind others: no job of it names its place.
  var canShare: Bool {
    submissions.allSatisfy { submission in
      submission.after.allSatisfy { if case .job = $0.needed { true } else { false } }
    }
  }
}
