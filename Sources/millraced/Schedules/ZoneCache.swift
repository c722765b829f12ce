import MillraceCore
import MillraceZones
import Synchronization

/// The time zones that were asked for, as their files were then.
final class ZoneCache: Sendable {
  private let directory: ZoneDirectory
  /// What `TZ` says; nil if it is not set.
  private let variable: String?
  private let state = Mutex(State())

  private struct State {
    /// By name; the machine's own has the empty one.
    var zones: [String: LoadedZone] = [:]
    /// What was told of zones that could not be read again.
    var told: [String: String] = [:]
    var looked = ContinuousClock.now
  }

  /// What a look at the files has found.
  struct Finding: Sendable {
    var hasChanged = false
    /// Zones whose files have become worse: their last rules stay.
    var notices: [String] = []
  }

  /// Makes one; nothing is read yet.
  init(_ directory: ZoneDirectory, variable: String?) {
    self.directory = directory
    self.variable = variable
  }

  /// Returns the rules of a zone and whether its file was read just now.
  /// - Throws: `ZoneError`.
  func zone(named name: String) throws(ZoneError) -> (rules: ZoneRules, isNew: Bool) {
    if let zone = state.withLock({ $0.zones[name] }) { return (zone.rules, false) }
    let zone = try load(name)
    state.withLock { $0.zones[name] = zone }
    return (zone.rules, true)
  }

  /// The directories in which a change can change a zone.
  var directories: [String] { state.withLock { Set($0.zones.values.flatMap(\.directories)).sorted() } }

  /// Whether the last look was so long ago.
  func isDue(after span: Duration) -> Bool { state.withLock { .now - $0.looked >= span } }

  /// Reads the zones again whose files have changed.
  func look() -> Finding {
    let zones = state.withLock { state in
      state.looked = .now
      return state.zones
    }
    var finding = Finding()
    for (name, zone) in zones where zone.hasChanged {
      do throws(ZoneError) {
        let new = try load(name)
        finding.hasChanged = finding.hasChanged || new.rules != zone.rules || new.name != zone.name
        state.withLock { state in
          state.zones[name] = new
          state.told[name] = nil
        }
      } catch {
        let text = error.message
        let isNew = state.withLock { state in state.told.updateValue(text, forKey: name) != text }
        if isNew { finding.notices.append("\(text); the rules that it had last stay in force") }
      }
    }
    finding.notices.sort()
    return finding
  }

  private func load(_ name: String) throws(ZoneError) -> LoadedZone {
    name.isEmpty ? try directory.ownZone(variable: variable) : try directory.zone(name)
  }
}
