extension Scheduler {
  /// Goes by another policy from now on. Ranks that are fixed stay; whoever did not fit is looked at again.
  /// What is learned, and whose use counts, can't be told anew while jobs wait: that stays.
  mutating func adopt(_ new: Policy) {
    var new = new
    new.fairShare = policy.fairShare
    new.learning.window = policy.learning.window
    let isRegrouped = new.groups != policy.groups || new.groupOf != policy.groupOf
    policy = new
    estimates.rule = new.learning
    if isRegrouped { regroup() }
    for handler in parked.keys.sorted() { unpark(handler) }
  }

  /// Puts the waiting jobs into the lanes and lines that the groups of now want.
  private mutating func regroup() {
    let lined = lanes.flatMap(\.jobs)
    handlers.regroup(policy.groups, of: policy.groupOf)
    lanes = []
    laneOf = [:]
    lines = GroupLines()
    for job in Array(waiting.values) + dependencies.jobs {
      lines.join(job.id, handlers.lines(of: membership(of: job)))
    }
    for job in lined.compactMap({ waiting[$0] }) { lanes[lane(of: job)].insert(job.id, rank: job.rank) }
  }
}
