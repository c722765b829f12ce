package import MillraceCore

/// The runner, a handler or a group, and what it does.
package struct StationView: Codable, Sendable, Equatable {
  /// `runner`, `handler` or `group`.
  package var kind: String
  /// Of the handler or group; nil for the runner.
  package var name: String?
  /// `idle`, `running`, `paused` or `stopping`.
  package var state: String
  /// Who has paused it, and since when; nil if nobody has.
  package var by: String?
  package var since: String?

  /// Makes the view of a station.
  package init(_ station: Station, _ activity: Activity) {
    switch station {
    case .runner: kind = "runner"
    case .handler(let handler): (kind, name) = ("handler", handler)
    case .group(let group): (kind, name) = ("group", group)
    }
    state = activity.word
    by = activity.pause?.by
    since = activity.pause.map { Wire.text(of: $0.since) }
  }

  /// As people call it: "the runner", "handler `x`".
  package var words: String { name.map { "\(kind) `\($0)`" } ?? "the runner" }
}

/// The body of `POST /v1/pause`, `…/resume` and `…/drain`: nothing for the runner, else one of the two.
package struct StationRequest: Codable, Sendable, Equatable {
  package var handler: String?
  package var group: String?
  /// `drain`: how long the answer may wait until nothing runs any more, 0 to 60; nil for not at all.
  package var waitSeconds: Double?

  package init(handler: String? = nil, group: String? = nil, waitSeconds: Double? = nil) {
    self.handler = handler
    self.group = group
    self.waitSeconds = waitSeconds
  }

  /// What is meant.
  /// - Throws: `Refusal` if it is two things, or a name that can't be.
  package func station() throws -> Station {
    guard handler == nil || group == nil else {
      throw Refusal(.invalid, "`handler` and `group` exclude each other")
    }
    for name in [handler, group].compactMap({ $0 }) where !Handler.isValidName(name) {
      throw Refusal(.invalid, "`\(name)` can't be a name: 1 to 64 of `a-z 0-9 - _ .`, a letter first")
    }
    return handler.map(Station.handler) ?? group.map(Station.group) ?? .runner
  }
}

/// The body of `POST /v1/jobs/cancel`, `…/hold` and `…/release`: the jobs that are meant; at least one member
/// must say so.
package struct SelectionRequest: Codable, Sendable, Equatable {
  package var states: [String]?
  package var handler: String?
  /// In JSON: `class`.
  package var jobClass: String?
  package var labels: [String: String]?
  package var group: String?
  package var held: Bool?
  package var workflow: Int64?
  /// RFC 3339.
  package var since: String?
  package var until: String?
  /// Change nothing: tell which they are.
  package var dryRun: Bool?

  private enum CodingKeys: String, CodingKey {
    case states, handler, labels, group, held, workflow, since, until, dryRun
    case jobClass = "class"
  }

  package init() {}

  /// Makes the body that asks for the jobs that a filter finds.
  package init(_ filter: JobFilter, dryRun: Bool = false) {
    states = filter.states.isEmpty ? nil : filter.states.map(\.rawValue)
    handler = filter.handler
    jobClass = filter.jobClass
    labels = filter.labels.isEmpty ? nil : filter.labels
    group = filter.group
    held = filter.isHeld
    workflow = filter.workflow
    since = filter.since.map(Wire.text(of:))
    until = filter.until.map(Wire.text(of:))
    self.dryRun = dryRun ? true : nil
  }

  /// Returns the filter.
  /// - Throws: `Refusal` for a value that can't be, and if it would find every job.
  package func filter() throws -> JobFilter {
    var filter = JobFilter()
    filter.states = try (states ?? []).map { try QueryValue.oneOf(JobState.self, "states", $0) }
    filter.handler = handler
    filter.jobClass = jobClass
    filter.labels = labels ?? [:]
    filter.group = group
    filter.isHeld = held
    filter.workflow = workflow
    filter.since = try since.map { try QueryValue.time("since", $0) }
    filter.until = try until.map { try QueryValue.time("until", $0) }
    guard filter != JobFilter() else {
      throw Refusal(
        .invalid, "nothing says which jobs are meant", hint: "for all that wait: states: [queued]")
    }
    return filter
  }
}

/// The answer to it: how many there were, and which.
package struct SelectionAnswer: Codable, Sendable, Equatable {
  package var count: Int
  package var ids: [JobID]

  package init(ids: [JobID]) {
    count = ids.count
    self.ids = ids
  }
}

/// A setting that can be changed while the runner works.
package struct SettingView: Codable, Sendable, Equatable {
  package var name: String
  /// What is in force, as it is written in the configuration; empty for no bound.
  package var value: String
  /// What the configuration says, or its default.
  package var configured: String
  /// Whether the value was changed at run time, …
  package var changed: Bool
  /// … and whether that survives a restart.
  package var persisted: Bool

  package init(name: String, value: String, configured: String, changed: Bool, persisted: Bool) {
    self.name = name
    self.value = value
    self.configured = configured
    self.changed = changed
    self.persisted = persisted
  }
}

/// The body of `POST /v1/settings/set` and `…/unset`.
package struct SettingRequest: Codable, Sendable, Equatable {
  package var name: String
  /// Only to set.
  package var value: String?
  /// Whether it survives a restart; not so if it is not given.
  package var persist: Bool?

  package init(name: String, value: String? = nil, persist: Bool? = nil) {
    self.name = name
    self.value = value
    self.persist = persist
  }
}
