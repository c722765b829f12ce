import Logging
import MillraceCore

extension Engine {
  /// How long after a start it is looked whether something leaks, and how often while attempts run.
  static let auditInterval: Duration = .seconds(60)
  /// How many running jobs on record are compared; there are never so many.
  private static let auditedJobs = 10_000

  /// Compares what runs with the record and the machine once a minute while attempts run, and once after the
  /// last: an idle runner is not woken.
  func auditWhileRunning() async {
    for await _ in auditBell {
      // Cancelled: the loop ends by itself.
      guard (try? await ports.clock.sleep(until: ports.clock.now() + Self.auditInterval)) != nil else {
        return
      }
      await audit()
      // What is seen is told when it is seen again.
      if scheduler.runningCount > 0 || hasSuspects { auditRing.yield() }
    }
  }

  /// Looks for leaks, and tells the operator of each.
  private func audit() async {
    let ending = backlog.changes.compactMap { if case .ended(let id, _, _) = $0 { id } else { nil } }
    let unborn = Set(backlog.launches.map(\.id))
    let found = await ports.launcher.audit(
      expecting: Set(scheduler.runningAttempts + ending).subtracting(unborn).subtracting(abroad.keys))
    let leaks = found.leaks + (await auditRecord())
    hasSuspects = found.hasSuspects || suspects.values.contains(false)
    for leak in leaks {
      log.error("leak", metadata: ["kind": "\(leak.kind.rawValue)", "what": "\(leak.text)"])
      keep(notice: leak.text)
    }
  }

  /// Compares the jobs that the record calls running with those that the scheduler runs. What is wrong there
  /// the next start mends: it goes by the record.
  private func auditRecord() async -> [Leak] {
    var filter = JobFilter()
    filter.states = [.starting, .running]
    filter.limit = Self.auditedJobs
    let recorded: Set<JobID>
    do {
      recorded = Set(try await ports.store.jobs(matching: filter).map(\.id))
    } catch {
      log.error("record not compared", metadata: ["error": "\(error)"])
      return []
    }
    // What is decided and not committed is on record only later.
    guard backlog.isEmpty else { return [] }
    let running = Set(scheduler.runningAttempts.map(\.job))
    let odd = recorded.symmetricDifference(running)
    let news = odd.filter { suspects[$0] == false }.sorted()
    suspects = Dictionary(uniqueKeysWithValues: odd.map { ($0, suspects[$0] != nil) })
    return news.map { job in
      recorded.contains(job)
        ? Leak(.attempt, "job \(job) is on record as running and nobody runs it; a restart queues it again")
        : Leak(.attempt, "job \(job) runs and is not on record as running")
    }
  }
}
