/// Which schedules want to be told of which types of events, and which watch directories.
struct Listeners: Sendable {
  /// Those that name one type.
  private var exact: [String: Set<ScheduleID>] = [:]
  /// Those with a pattern.
  private var patterns: [ScheduleID: NamePattern] = [:]
  /// Those that watch directories.
  private(set) var files: [ScheduleID: Trigger.FileRule] = [:]

  mutating func add(_ schedule: Schedule) {
    switch schedule.definition.trigger?.origin {
    case .events(let pattern) where pattern.isExact:
      exact[pattern.text, default: []].insert(schedule.id)
    case .events(let pattern): patterns[schedule.id] = pattern
    case .files(let rule): files[schedule.id] = rule
    case .webhook, nil: break
    }
  }

  mutating func remove(_ schedule: Schedule) {
    files[schedule.id] = nil
    guard case .events(let pattern) = schedule.definition.trigger?.origin else { return }
    patterns[schedule.id] = nil
    guard pattern.isExact, var schedules = exact[pattern.text] else { return }
    schedules.remove(schedule.id)
    exact[pattern.text] = schedules.isEmpty ? nil : schedules
  }

  /// Whether some want to be told of a type.
  func want(_ type: String) -> Bool {
    exact[type] != nil || patterns.values.contains { $0.matches(type) }
  }

  /// Returns those that want to be told of a type.
  func all(of type: String) -> [ScheduleID] {
    (exact[type].map(Array.init) ?? []) + patterns.filter { $0.value.matches(type) }.map(\.key)
  }
}
