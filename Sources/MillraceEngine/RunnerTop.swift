package import MillraceCore

/// The runner, what runs and what waits, at one moment.
package struct RunnerTop: Sendable, Equatable {
  package var status: RunnerStatus
  package var top: Top
  /// The newest progress of running attempts, by job.
  package var progress: [JobID: Progress]
  /// Where in the cluster the attempts are that are there.
  package var whereabouts: [AttemptID: Whereabouts]

  package init(
    status: RunnerStatus, top: Top, progress: [JobID: Progress] = [:],
    whereabouts: [AttemptID: Whereabouts] = [:]
  ) {
    self.status = status
    self.top = top
    self.progress = progress
    self.whereabouts = whereabouts
  }
}

extension Engine {
  package func top(queued count: Int) async -> RunnerTop {
    let status = await status()
    let top = scheduler.top(queued: count, at: ports.clock.now())
    return RunnerTop(status: status, top: top, progress: progress, whereabouts: abroad)
  }
}
