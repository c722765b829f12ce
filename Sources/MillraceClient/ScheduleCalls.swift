import FoundationEssentials
package import MillraceCore
package import MillraceWire

extension Client {
  /// Returns a page of schedules, by name: those behind one.
  package func schedules(after name: String?, limit: Int) throws -> SchedulePage {
    let query: QueryItems = (name.map { [("after", $0)] } ?? []) + [("limit", "\(limit)")]
    return try value(call("GET", "/schedules", query: query))
  }

  /// Returns a schedule with figures, its next times and its last ones.
  package func schedule(_ name: String) throws -> ScheduleDetail { try value(call("GET", path(name))) }

  /// Adds a schedule as it is written.
  package func add(schedule definition: JSONValue) throws -> ScheduleView {
    try value(call("POST", "/schedules", body: try Wire.encoder().encode(definition)))
  }

  /// Gives a schedule another definition, if it is of that revision, whatever it is for nil.
  package func edit(
    _ name: String, to definition: JSONValue, from revision: String? = nil
  ) throws -> ScheduleView {
    var call = call("PUT", path(name), body: try Wire.encoder().encode(definition))
    call.ifMatch = revision
    return try value(call)
  }

  /// Removes a schedule.
  package func remove(schedule name: String) throws { try stream(call("DELETE", path(name))) { _ in } }

  /// Pauses a schedule, or lets it go on.
  package func pause(schedule name: String, _ isPaused: Bool) throws -> ScheduleView {
    try value(call("POST", path(name, isPaused ? "/pause" : "/resume")))
  }

  /// Makes a job of a schedule now; with a key, only if no job of its handler has it.
  package func runNow(_ name: String, key: String? = nil) throws -> RunNowAnswer {
    try value(call("POST", path(name, "/run"), body: try Wire.encoder().encode(RunNowRequest(key: key))))
  }

  /// Makes the jobs of times that have none.
  package func backfill(_ name: String, _ request: BackfillRequest) throws -> BackfillView {
    try value(call("POST", path(name, "/backfill"), body: try Wire.encoder().encode(request)))
  }

  /// Returns the next times of a schedule.
  package func preview(_ name: String, count: Int) throws -> PlannedTimePage {
    try value(call("GET", path(name, "/preview"), query: [("count", "\(count)")]))
  }

  /// Returns nominal times that were, the newest first; the schedule of the filter is not used.
  package func ticks(of name: String, matching filter: TickFilter) throws -> TickPage {
    try value(call("GET", path(name, "/ticks"), query: filter.queryItems))
  }

  private func path(_ name: String, _ rest: String = "") -> String {
    "/schedules/\(PercentEncoding.encode(name))\(rest)"
  }
}
