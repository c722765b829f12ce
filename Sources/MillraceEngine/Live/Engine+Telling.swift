import MillraceCore

/// What is told of things that have no row of their own.
extension Engine {
  /// Takes progress of a running attempt in. It is never on record.
  func note(_ news: Progress, of id: AttemptID) {
    progress[id.job] = news
    guard let handler = scheduler.handler(of: id) else { return }
    ports.store.live.note(
      AttemptProgress(
        attempt: id, handler: handler, time: ports.clock.now(), fraction: news.fraction,
        message: news.message))
  }

  /// Tells that memory is shorter than it was, or less so.
  func tell(_ pressure: Pressure, after former: Pressure) {
    guard pressure != former else { return }
    backlog.changes.append(
      .told(
        Transition(
          .pressureChanged,
          details: [
            "level": .string(pressure.word), "former": .string(former.word),
            "cause": .string(scheduler.pressureText),
          ])))
  }

  /// Tells which builds of handlers come into use, which are gone, and which files are refused.
  func tell(_ new: Catalog, after former: Catalog) {
    var told: [Transition] = []
    for plugin in new.plugins where !former.plugins.contains(plugin) {
      told += plugin.handlers.map { Transition(.handlerLoaded, of: $0, plugin) }
    }
    let names = Set(new.plugins.flatMap { $0.handlers.map(\.name) })
    for plugin in former.plugins {
      told += plugin.handlers.filter { !names.contains($0.name) }.map {
        Transition(.handlerRemoved, of: $0, plugin)
      }
    }
    for plugin in new.plugins {
      guard let standsIn = plugin.standsIn, let quarantine = standsIn.quarantine,
        !former.plugins.contains(where: { $0.standsIn == standsIn })
      else { continue }
      told.append(
        Transition(
          .pluginRefused, details: ["file": .string(standsIn.file), "reason": .string(quarantine.reason)]))
    }
    for refused in new.refused where !former.refused.contains(refused) {
      told.append(
        Transition(
          .pluginRefused, details: ["file": .string(refused.path), "reason": .string("\(refused.reason)")]))
    }
    backlog.changes += told.map { .told($0) }
  }

  /// Returns what is told of a setting that is changed until the next start; nil for the configuration's.
  func changed(_ setting: String, to value: String?) -> Transition {
    Transition(
      .settingChanged,
      details: [
        "setting": .string(setting), "value": value.map { .string($0) } ?? .null, "persisted": .bool(false),
      ])
  }
}

extension Transition {
  fileprivate init(_ kind: Kind, of handler: Handler, _ plugin: Plugin) {
    self.init(
      kind, handler: handler.name,
      details: ["plugin": .string(plugin.name), "version": .string(plugin.version)])
  }
}
