package import MillraceCore
package import MillraceEngine
import Synchronization

/// A plugin directory without files: a test says what is in it.
package final class FakePluginSource: PluginSource {
  private let source: AsyncStream<Catalog>.Continuation
  package let catalogs: AsyncStream<Catalog>
  private let state = Mutex(State())

  private struct State {
    var crashed: [AttemptID] = []
    var builds: [BuildStanding] = []
    var former: (build: Build, catalog: Catalog)?
  }

  /// Makes a source that has said nothing yet.
  package init() { (catalogs, source) = AsyncStream.makeStream() }

  /// Says what is in use from now on.
  package func publish(_ catalog: Catalog) { source.yield(catalog) }

  /// The attempts that it was told of, in order.
  package var crashed: [AttemptID] { state.withLock { $0.crashed } }

  /// Says what the file of every plugin was.
  package func setBuilds(_ builds: [BuildStanding]) { state.withLock { $0.builds = builds } }

  /// Says what one can go back to, and what is in use then.
  package func setFormer(_ build: Build, _ catalog: Catalog) {
    state.withLock { $0.former = (build, catalog) }
  }

  package func crashed(_ attempts: [AttemptID]) { state.withLock { $0.crashed += attempts } }

  package func builds(of plugin: String) async -> [BuildStanding] { state.withLock { $0.builds } }

  package func rollback(_ plugin: String) async throws -> Build {
    guard let former = state.withLock({ $0.former }) else {
      throw Refusal(.conflict, "there is no build of plugin `\(plugin)` to go back to")
    }
    publish(former.catalog)
    return former.build
  }
}
