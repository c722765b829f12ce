/// Why the record can't be written or read, as far as the engine must know.
package protocol StorageFailure: Error {
  /// What was being done, to what, and why it failed: one line.
  var message: String { get }
  /// What the operator can do about it.
  var hint: String { get }
  var kind: StorageFailureKind { get }
}

/// What may be expected of a failure to write or read the record.
package enum StorageFailureKind: String, Sendable, Equatable, CaseIterable {
  /// It passes when its cause does: a full disk, a lock, an I/O error.
  case passing
  /// It lasts until somebody mends it: damage, a file that is gone.
  case lasting
  /// What was to be written contradicts the record or can't be stored at all: a mistake of ours. It concerns
  /// this one write.
  case mistake
}
