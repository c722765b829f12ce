package import MillraceCore

/// Where plugins come from.
package protocol PluginSource: Sendable {
  /// The plugins in use and the files refused, each time they have changed; the first one at once.
  var catalogs: AsyncStream<Catalog> { get }
  /// Tells that attempts have crashed, which is on record: their build may be unfit. Returns at once.
  func crashed(_ attempts: [AttemptID])
  /// Returns the builds that the file of a plugin in use has been, the newest first.
  func builds(of plugin: String) async -> [BuildStanding]
  /// Puts the build before the one that serves in its place, until another one comes.
  /// - Returns: the build that serves from now on.
  /// - Throws: `Refusal` if there is no such plugin or no build to go back to.
  func rollback(_ plugin: String) async throws -> Build
}

/// Of a source that keeps no builds.
extension PluginSource {
  package func crashed(_ attempts: [AttemptID]) {}

  package func builds(of plugin: String) async -> [BuildStanding] { [] }

  package func rollback(_ plugin: String) async throws -> Build {
    throw Refusal(.conflict, "this runner keeps no builds of plugins")
  }
}
