import MillraceCore

/// Why the record can't be written now. While it lasts no job is taken and none is started; what runs goes
/// on, and stops work.
struct RecordTrouble: Equatable {
  /// What failed and why, in one line.
  let message: String
  let hint: String
  let kind: StorageFailureKind
  /// When writing is tried again.
  let nextTry: Timestamp

  /// How long a write that failed for a passing cause waits for its next try.
  static let interval: Duration = .seconds(1)
  /// The same for a cause that somebody has to mend.
  static let lastingInterval: Duration = .seconds(60)

  /// Makes the trouble of a write or a read that failed `at` a time.
  init(_ error: any Error, at now: Timestamp) {
    let failure = error as? any StorageFailure
    message = failure?.message ?? "\(error)"
    hint = failure?.hint ?? "`millrace doctor` shows the state of the disk"
    kind = failure?.kind ?? .passing
    nextTry = now + (kind == .passing ? Self.interval : Self.lastingInterval)
  }

  /// The answer to whoever wants something written.
  var refusal: Refusal { Refusal(.storage, "the record cannot be written: \(message)", hint: hint) }
}
