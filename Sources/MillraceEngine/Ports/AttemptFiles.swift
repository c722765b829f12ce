package import MillraceCore

/// The files beside the record: logs of attempts, and copies of the builds that they ran.
package protocol AttemptFiles: Sendable {
  /// Returns the logs that there are, by job.
  func logs() async throws -> [JobLogs]
  /// Removes all logs of jobs; logs that are gone are no error.
  func removeLogs(of jobs: [JobID]) async throws
  /// Returns the copies of builds.
  func builds() async throws -> [BuildCopy]
  /// Removes the copy of a build.
  func removeBuild(_ sha256: String) async throws
}

/// The logs of one job.
package struct JobLogs: Hashable, Sendable {
  package var job: JobID
  /// How many attempts have one.
  package var files: Int
  /// What they take on the disk.
  package var bytes: Bytes
  /// When something was last written.
  package var lastWrite: Timestamp

  package init(job: JobID, files: Int, bytes: Bytes, lastWrite: Timestamp) {
    self.job = job
    self.files = files
    self.bytes = bytes
    self.lastWrite = lastWrite
  }
}

/// The copy of a build that attempts run.
package struct BuildCopy: Hashable, Sendable {
  package var sha256: String
  package var bytes: Bytes
  package var made: Timestamp

  package init(sha256: String, bytes: Bytes, made: Timestamp) {
    self.sha256 = sha256
    self.bytes = bytes
    self.made = made
  }
}
