package import MillraceCore
package import MillraceEngine
import Synchronization

/// Logs and copies of builds without files.
package final class MemoryFiles: AttemptFiles {
  private let state = Mutex((logs: [JobID: JobLogs](), builds: [String: BuildCopy]()))

  /// Makes no files.
  package init() {}

  /// Adds the log of a job.
  package func add(logOf job: JobID, bytes: Bytes = Bytes(4096), lastWrite: Timestamp) {
    state.withLock { $0.logs[job] = JobLogs(job: job, files: 1, bytes: bytes, lastWrite: lastWrite) }
  }

  /// Adds the copy of a build.
  package func add(build sha256: String, made: Timestamp) {
    state.withLock { $0.builds[sha256] = BuildCopy(sha256: sha256, bytes: Bytes(4096), made: made) }
  }

  package func logs() async throws -> [JobLogs] {
    state.withLock { $0.logs.values.sorted { $0.job < $1.job } }
  }

  package func removeLogs(of jobs: [JobID]) async throws {
    state.withLock { state in jobs.forEach { state.logs[$0] = nil } }
  }

  package func builds() async throws -> [BuildCopy] {
    state.withLock { $0.builds.values.sorted { $0.sha256 < $1.sha256 } }
  }

  package func removeBuild(_ sha256: String) async throws { state.withLock { $0.builds[sha256] = nil } }
}
