package import MillraceCore
package import MillraceEngine

extension FakeJobService {
  package func select(_ filter: JobFilter) async throws -> [JobID] {
    try checkFailure()
    var filter = filter
    if filter.states.isEmpty { filter.states = JobState.unfinished }
    filter.limit = 10_000
    return try await jobs(matching: filter).map(\.id)
  }

  package func cancel(matching filter: JobFilter) async throws -> [JobID] {
    let found = try await select(filter)
    for id in found { _ = try await cancel(id) }
    return found
  }

  package func hold(_ id: JobID, _ isHeld: Bool) async throws -> Job {
    try checkFailure()
    guard var job = contents.jobs[id] else { throw Refusal(.notFound, "there is no job \(id)") }
    guard !job.state.isFinal else { throw Refusal(.conflict, "job \(id) has ended: \(job.state.rawValue)") }
    job.isHeld = isHeld
    put(job)
    return job
  }

  package func hold(matching filter: JobFilter, _ isHeld: Bool) async throws -> [JobID] {
    let found = try await select(filter)
    for id in found { _ = try await hold(id, isHeld) }
    return found
  }

  package func operate(
    _ station: Station, _ verb: StationVerb, by user: String
  ) async throws -> StationState {
    try checkFailure()
    let pause = Pause(by: user, since: Timestamp(microseconds: 1_700_000_000_000_000))
    let state = StationState(station, verb == .resume ? .idle : .paused(pause))
    change { contents in
      contents.operations.append("\(verb.rawValue) \(station.name)")
      contents.stations.removeAll { $0.station == station }
      contents.stations.append(state)
    }
    return state
  }

  package func waitForDrain(of station: Station, atMost time: Duration) async -> StationState {
    change { $0.operations.append("wait \(station.name) \(time.text)") }
    return contents.stations.first { $0.station == station } ?? StationState(station, .idle)
  }

  package func stations() async -> [StationState] { contents.stations }
  package func settings() async -> [SettingState] { contents.settings }

  package func set(
    _ name: String, to value: String, persists: Bool, from revisions: Set<String>?
  ) async throws -> SettingState {
    try checkFailure()
    try contents.settings.demand(oneOf: revisions)
    let state = SettingState(
      name: name, value: value, configured: "old", isChanged: true, isPersisted: persists)
    change { $0.settings = [state] }
    return state
  }

  package func unset(_ name: String, from revisions: Set<String>?) async throws -> SettingState {
    try checkFailure()
    try contents.settings.demand(oneOf: revisions)
    return SettingState(name: name, value: "old", configured: "old")
  }
}
