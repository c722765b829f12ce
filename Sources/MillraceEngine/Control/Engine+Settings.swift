import MillraceCore

/// Settings that were changed at run time, as text, by name.
struct ChangedSettings: Sendable {
  /// Until the next start.
  var once: [String: String] = [:]
  /// For good.
  var persisted: [String: String] = [:]

  /// All that are in force.
  var values: [String: String] { persisted.merging(once) { $1 } }

  func isPersisted(_ name: String) -> Bool { once[name] == nil && persisted[name] != nil }
}

extension Engine {
  package func settings() -> [SettingState] {
    let values = changedSettings.values
    return (ports.settings?.list(with: values) ?? []).map { name, value, configured in
      SettingState(
        name: name, value: value, configured: configured, isChanged: values[name] != nil,
        isPersisted: changedSettings.isPersisted(name))
    }
  }

  package func set(
    _ name: String, to value: String, persists: Bool, from revisions: Set<String>? = nil
  ) async throws -> SettingState {
    try settings().demand(oneOf: revisions)
    var draft = changedSettings
    draft.once[name] = persists ? nil : value
    if persists { draft.persisted[name] = value }
    return try await change(name, to: draft, noting: persists ? Memo(.setting, name, .string(value)) : nil)
  }

  package func unset(_ name: String, from revisions: Set<String>? = nil) async throws -> SettingState {
    try settings().demand(oneOf: revisions)
    var draft = changedSettings
    let (once, persisted) = (
      draft.once.removeValue(forKey: name), draft.persisted.removeValue(forKey: name)
    )
    guard once != nil || persisted != nil else {
      throw Refusal(
        .conflict, "`\(name)` was not changed at run time", hint: "`millrace set --list` shows what was")
    }
    return try await change(name, to: draft, noting: persisted == nil ? nil : Memo(.setting, name, nil))
  }

  private func change(
    _ name: String, to draft: ChangedSettings, noting memo: Memo?
  ) async throws -> SettingState {
    guard let settings = ports.settings else { throw Refusal(.conflict, "this runner's settings are fixed") }
    if memo != nil, let trouble { throw trouble.refusal }
    let settled = try settings.settled(with: draft.values)
    try settings.apply(draft.values)
    changedSettings = draft
    reception = settled.reception
    _ = try await askOnRecord(
      [.policy(settled.policy), .handlers(rules(of: inUse))],
      noting: [memo.map { .memo($0) } ?? .told(changed(name, to: draft.values[name]))])
    guard let state = self.settings().first(where: { $0.name == name }) else {
      // A group or handler that only the change had named.
      return SettingState(name: name, value: "", configured: "")
    }
    return state
  }

  /// Puts what a former runner noted in force, and returns the policy that follows. What can't be any more,
  /// because the configuration has changed, is passed over and told.
  func restoreSettings(_ memos: [Memo]) -> [Event] {
    guard let settings = ports.settings else { return [] }
    var events: [Event] = []
    for memo in memos where memo.kind == .setting {
      guard let value = memo.value?.string else { continue }
      var draft = changedSettings
      draft.persisted[memo.name] = value
      do {
        let settled = try settings.settled(with: draft.values)
        try settings.apply(draft.values)
        changedSettings = draft
        reception = settled.reception
        events = [.policy(settled.policy)]
      } catch {
        let reason = (error as? Refusal)?.message ?? "\(error)"
        note("the setting `\(memo.name)`, changed at run time, is not in force: \(reason)")
      }
    }
    return events
  }
}
