extension Scheduler {
  /// What the handler and the groups of a job say, with the job that comes before it in its groups.
  func memberVerdicts(_ job: WaitingJob, at now: Timestamp) -> [GateVerdict] {
    let member = membership(of: job)
    var verdicts = handlers.verdicts(on: member, at: now)
    guard let place = verdicts.firstIndex(where: { $0.gate == .group }), verdicts[place].pause == nil,
      let (group, first) = predecessor(of: job, in: member)
    else { return verdicts }
    verdicts[place].isOpen = false
    verdicts[place].subject = group
    verdicts[place].used = Int64(handlers.running(ofGroup: group))
    verdicts[place].capacity = handlers.rules(ofGroup: group).concurrency.map { Int64($0) }
    verdicts[place].job = first
    return verdicts
  }

  /// The first of its groups in which another job comes before it, or runs alone, with that job.
  private func predecessor(of job: WaitingJob, in member: Membership) -> (group: String, job: JobID)? {
    for group in handlers.lines(of: member) {
      if handlers.rules(ofGroup: group).concurrency == 1,
        let one = running.all.filter({ $0.groups.contains(group) }).map(\.id).min()
      {
        return (group, one.job)
      }
      if let first = lines.first(of: group), first < job.id { return (group, first) }
    }
    return nil
  }

  func holdVerdict(_ job: WaitingJob) -> GateVerdict { GateVerdict(gate: .hold, isOpen: !job.isHeld) }

  /// What of a job is paused: the runner, its handler or one of its groups; nil if nothing is.
  func paused(_ job: WaitingJob) -> Station? {
    if pause != nil { return .runner }
    let stations = [.handler(job.handler)] + membership(of: job).groups.map(Station.group)
    return stations.first { handlers.pauses[$0] != nil }
  }
}
