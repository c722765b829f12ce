import MillraceClient
import MillraceCore
import MillraceWire

/// Waits for jobs by the runner's `wait`, and hands on their logs on the way.
struct JobFollower {
  private let client: Client
  /// Shows how far they are; nil if nobody looks.
  private let progress: JobProgress?
  /// How long to look for an attempt that has not begun; it doubles up to the last.
  private static let firstLook = Duration.milliseconds(20)
  private static let lastLook = Duration.seconds(1)

  /// Makes one; `count` is of how many jobs a person is shown the progress, nil for none.
  init(_ client: Client, showing count: Int? = nil) {
    progress = count.flatMap { JobProgress(of: $0, client) }
    var client = client
    client.pulse = progress?.pulse
    self.client = client
  }

  /// Returns a job when it has ended, or as it is at `deadline`; nil for no deadline.
  func end(of id: JobID, deadline: ContinuousClock.Instant? = nil) throws -> JobView {
    progress?.begin(id)
    while true {
      let left = deadline.map { $0 - ContinuousClock.now } ?? Client.longestWait
      let job = try client.wait(for: id, atMost: left)
      if job.state.isFinal { progress?.end(id) }
      if job.state.isFinal || left <= .zero { return job }
    }
  }

  /// Hands on the logs of all attempts at a job as they are made; returns the job when it has ended.
  func follow(_ id: JobID, to sink: ([UInt8]) throws -> Void) throws -> JobView {
    progress?.begin(id)
    var next = 1
    var look = Duration.zero
    while true {
      let job = try client.wait(for: id, atMost: look)
      if job.attempts >= next, try log(of: id, attempt: next, to: sink) {
        next += 1
        look = .zero
      } else if job.state.isFinal {
        return job
      } else {
        // The runner answers at once if the job ends; only a start has to be looked for.
        look = look == .zero ? Self.firstLook : min(look * 2, Self.lastLook)
      }
    }
  }

  /// Hands on a log to its end; returns false if it is not there yet.
  private func log(of id: JobID, attempt: Int, to sink: ([UInt8]) throws -> Void) throws -> Bool {
    do {
      try client.logs(of: id, attempt: attempt, follow: true, to: sink)
      return true
    } catch let problem as Problem where problem.status == 404 {
      // An attempt that could not be started never has one.
      return try client.job(id).attempts.first { $0.attempt == attempt }?.outcome != nil
    }
  }
}
