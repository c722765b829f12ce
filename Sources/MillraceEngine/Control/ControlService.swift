package import MillraceCore

/// What an operator can do to waiting and running jobs and to the runner's settings, from outside.
package protocol ControlService: Sendable {
  /// Returns the jobs that have not ended and match, the newest first; all of them, whatever `limit` says.
  /// - Throws: `Refusal` if the filter asks for jobs that have ended.
  func select(_ filter: JobFilter) async throws -> [JobID]
  /// Cancels all jobs that have not ended and match; returned means on record.
  /// - Returns: those that were cancelled, or are being stopped.
  func cancel(matching filter: JobFilter) async throws -> [JobID]
  /// Holds a job, or releases it; returns it as it is then. One that runs goes on, its next attempt is held.
  /// - Throws: `Refusal` if there is no such job or it has ended.
  func hold(_ job: JobID, _ isHeld: Bool) async throws -> Job
  /// Holds or releases all jobs that have not ended and match.
  /// - Returns: those that were not so before.
  func hold(matching filter: JobFilter, _ isHeld: Bool) async throws -> [JobID]
  /// Pauses, resumes or drains the runner, a handler or a group; on record when it returns.
  /// - Throws: `Refusal` if there is no such thing, or it can't be asked of it now.
  func operate(_ station: Station, _ verb: StationVerb, by user: String) async throws -> StationState
  /// Returns what it does when it no longer drains, or as it is when the time is up.
  func waitForDrain(of station: Station, atMost time: Duration) async -> StationState
  /// Returns whatever of handlers and groups is paused or stopping, by name; the runner comes first.
  func stations() async -> [StationState]
  /// Returns every setting that can be changed while the runner works.
  func settings() async -> [SettingState]
  /// Changes a setting at once.
  ///
  /// - Parameters:
  ///   - name: as in the configuration: `queue.policy`.
  ///   - value: as it would be written there.
  ///   - persists: whether it survives a restart of the runner.
  ///   - revisions: what the settings must be now, one of these; nil for whatever they are.
  /// - Returns: the setting as it is then.
  /// - Throws: `Refusal` if it can't be, or can't be changed while the runner works; `changed` if the
  ///   settings are something else.
  func set(
    _ name: String, to value: String, persists: Bool, from revisions: Set<String>?
  ) async throws -> SettingState
  /// Puts the configuration's value of a setting back in force, if the settings are one of the revisions,
  /// whatever they are for nil.
  /// - Throws: `Refusal` if the setting was not changed; `changed` if the settings are something else.
  func unset(_ name: String, from revisions: Set<String>?) async throws -> SettingState
}

/// What can be asked of the runner, a handler or a group.
package enum StationVerb: String, Sendable, CaseIterable { case pause, resume, drain }

/// The runner, a handler or a group, and what it does.
package struct StationState: Hashable, Sendable, Codable {
  package var station: Station
  package var activity: Activity

  package init(_ station: Station, _ activity: Activity) {
    self.station = station
    self.activity = activity
  }
}

/// A setting that can be changed while the runner works.
package struct SettingState: Hashable, Sendable, Codable {
  package var name: String
  /// What is in force, as it is written in the configuration; empty for no bound.
  package var value: String
  /// What the configuration says, or its default.
  package var configured: String
  /// Whether the value was changed at run time.
  package var isChanged: Bool
  /// Whether that survives a restart.
  package var isPersisted: Bool

  package init(
    name: String, value: String, configured: String, isChanged: Bool = false, isPersisted: Bool = false
  ) {
    self.name = name
    self.value = value
    self.configured = configured
    self.isChanged = isChanged
    self.isPersisted = isPersisted
  }
}

extension [SettingState] {
  /// Tells these settings from all others: a SHA-256 in hexadecimal.
  package var revision: String {
    let states = map {
      JSONValue.array([.string($0.name), .string($0.value), .bool($0.isChanged), .bool($0.isPersisted)])
    }
    return SHA256.hex(of: JSONValue.array(states).unambiguousText.utf8)
  }

  /// Throws unless they are what somebody takes them to be.
  ///
  /// - Parameter revisions: those that somebody knows; nil for whatever they are.
  /// - Throws: `Refusal` (`changed`).
  package func demand(oneOf revisions: Set<String>?) throws(Refusal) {
    guard let revisions, !revisions.contains(revision) else { return }
    throw Refusal(
      .changed, "the settings are not what they were when you looked at them: somebody has changed one",
      hint: "look at them again: `millrace set --list`")
  }
}
