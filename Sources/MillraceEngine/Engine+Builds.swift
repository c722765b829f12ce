package import MillraceCore

/// The builds of the plugin that has a handler, with what its attempts at them have shown.
package struct PluginBuilds: Sendable, Equatable {
  package var handler: String
  package var plugin: String
  /// The newest first.
  package var builds: [BuildStanding]
  /// The figures of the handler by the SHA-256 of the build; none for one without attempts on record.
  package var figures: [String: HandlerSummary]

  package init(
    handler: String, plugin: String, builds: [BuildStanding], figures: [String: HandlerSummary]
  ) {
    self.handler = handler
    self.plugin = plugin
    self.builds = builds
    self.figures = figures
  }
}

extension Engine {
  package func builds(of handler: String) async throws -> PluginBuilds {
    let plugin = try plugin(named: handler)
    var builds = await ports.plugins.builds(of: plugin.name)
    var filter = HistoryFilter()
    filter.handler = handler
    let summaries = try await ports.store.buildSummaries(matching: filter)
    var figures: [String: HandlerSummary] = [:]
    for summary in summaries.reversed() {
      guard let known = summary.build else { continue }
      figures[known.sha256] = summary
      guard !builds.contains(where: { $0.build.sha256 == known.sha256 }) else { continue }
      var build = Build(sha256: known.sha256, since: known.first)
      build.version = known.version
      builds.append(BuildStanding(build, .gone))
    }
    return PluginBuilds(handler: handler, plugin: plugin.name, builds: builds, figures: figures)
  }

  package func rollback(_ handler: String) async throws -> PluginBuilds {
    let plugin = try plugin(named: handler)
    guard !hasStopped else { throw Self.draining }
    let build = try await ports.plugins.rollback(plugin.name)
    let deadline = ports.clock.now() + Self.answerTime
    while !inUse.plugins.contains(where: { $0.sha256 == build.sha256 }) {
      guard ports.clock.now() < deadline, !hasStopped else { break }
      await wait(for: .commit, until: deadline)
    }
    return try await builds(of: handler)
  }

  /// The plugin that has a handler; a handler that the build in use does not have is found by its plugin.
  private func plugin(named name: String) throws -> Plugin {
    if let plugin = plugin(for: name) ?? inUse.plugins.first(where: { $0.name == name }) { return plugin }
    _ = try handler(named: name)
    preconditionFailure("a handler in use has a plugin")
  }

  /// Tells of a build that has come into quarantine, once.
  func noteQuarantine(of plugin: Plugin) {
    guard let standsIn = plugin.standsIn, let quarantine = standsIn.quarantine,
      quarantine.since >= startTime, !inUse.plugins.contains(where: { $0.standsIn == standsIn })
    else { return }
    note(
      "build \(standsIn.sha256.prefix(12)) of plugin `\(plugin.name)` is in quarantine: "
        + "\(quarantine.reason); build \(plugin.sha256.prefix(12)) serves in its place")
  }
}
