extension Scheduler {
  /// What the runner, a handler or a group does.
  package func activity(of station: Station) -> Activity {
    let known = activities[station] ?? .idle
    return known.after(isBusy: isBusy(station))
  }

  /// What is paused or stopping, in the order of names.
  package var standstills: [(station: Station, activity: Activity)] {
    activities.keys.sorted().map { ($0, activity(of: $0)) }
  }

  private func isBusy(_ station: Station) -> Bool {
    switch station {
    case .runner: !running.isEmpty
    case .handler(let name): handlers.running(of: name) > 0
    case .group(let name): handlers.running(ofGroup: name) > 0
    }
  }

  /// Whether there is such a handler or group now: one that is loaded or configured, or has jobs.
  package func knows(_ station: Station) -> Bool {
    if activities[station] != nil || isBusy(station) { return true }
    return switch station {
    case .runner: true
    case .handler(let name):
      handlers.rules[name] != nil || waits { $0.handler == name }
    case .group(let name):
      handlers.groups[name] != nil || waits { $0.group == name }
    }
  }

  private func waits(_ isMeant: (WaitingJob) -> Bool) -> Bool {
    waiting.values.contains(where: isMeant) || dependencies.jobs.contains(where: isMeant)
  }

  /// Throws why something can't be asked of the runner, a handler or a group now.
  package func check(_ request: Activity.Request, of station: Station) throws(Activity.Illegal) {
    _ = try activity(of: station).after(request, isBusy: isBusy(station))
  }

  /// Does what somebody asks of the runner, a handler or a group. What can't be was refused before; what
  /// came between is passed over.
  mutating func operate(_ station: Station, _ request: Activity.Request) -> [Action] {
    let before = activity(of: station)
    // What can't be any more is passed over, as said above.
    guard let after = try? before.after(request, isBusy: isBusy(station)), after != before else {
      return []
    }
    return move(station, from: before, to: after)
  }

  /// Ends the drains of what has nothing running any more.
  mutating func endDrains() -> [Action] {
    guard !activities.isEmpty else { return [] }
    return activities.keys.sorted().flatMap { station in
      guard let before = activities[station] else { return [Action]() }
      let after = activity(of: station)
      return before == after ? [] : move(station, from: before, to: after)
    }
  }

  private mutating func move(_ station: Station, from before: Activity, to after: Activity) -> [Action] {
    let isStanding = after.pause != nil
    activities[station] = isStanding ? after : nil
    if station == .runner { pause = after.pause } else { handlers.pauses[station] = after.pause }
    return [.operated(station, after), .notice(.operated(station, from: before, to: after))]
  }
}
