package import MillraceCore

extension Engine {
  package func operate(
    _ station: Station, _ verb: StationVerb, by user: String
  ) async throws -> StationState {
    guard scheduler.knows(station) else { throw Self.unknown(station) }
    let pause = Pause(by: user, since: ports.clock.now())
    let request: Activity.Request =
      switch verb {
      case .pause: .pause(pause)
      case .resume: .resume
      case .drain: .drain(pause)
      }
    do {
      try scheduler.check(request, of: station)
    } catch {
      throw Refusal(.conflict, "\(station.words) \(error.reason)")
    }
    if let trouble { throw trouble.refusal }
    _ = try await askOnRecord([.operate(station, request)])
    return state(of: station)
  }

  private static func unknown(_ station: Station) -> Refusal {
    let hint =
      switch station {
      case .runner, .handler: "`millrace handlers` lists them"
      case .group: "a group is in the configuration, or jobs that have not ended are in it"
      }
    return Refusal(.notFound, "there is no \(station.words)", hint: hint)
  }

  package func waitForDrain(of station: Station, atMost time: Duration) async -> StationState {
    await wait(for: .standstill(station), until: ports.clock.now() + time)
    return state(of: station)
  }

  package func stations() -> [StationState] {
    let others = scheduler.standstills.filter { $0.station != .runner }
    return [state(of: .runner)] + others.map { StationState($0.station, $0.activity) }
  }

  private func state(of station: Station) -> StationState {
    StationState(station, scheduler.activity(of: station))
  }
}

extension Memo {
  /// What a next runner must know of the runner, a handler or a group.
  init(_ station: Station, _ activity: Activity) {
    var value: JSONValue?
    if let pause = activity.pause {
      value = .object([
        "by": .string(pause.by), "since": .integer(pause.since.rawValue),
        "state": .string(activity.word),
      ])
    }
    self.init(.pause, station.name, value)
  }

  /// The event that brings back what was noted; nil if this can't be read.
  var pauseEvent: Event? {
    guard let station = Station(name: name), let members = value?.object, let by = members["by"]?.string,
      case .integer(let since) = members["since"]
    else { return nil }
    let pause = Pause(by: by, since: Timestamp(rawValue: since))
    return .operate(station, members["state"] == .string("stopping") ? .drain(pause) : .pause(pause))
  }
}
