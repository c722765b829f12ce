package import MillraceEngine

/// A plugin directory without files: a test says what is in it.
package final class FakePluginSource: PluginSource {
  private let source: AsyncStream<Catalog>.Continuation
  package let catalogs: AsyncStream<Catalog>

  /// Makes a source that has said nothing yet.
  package init() { (catalogs, source) = AsyncStream.makeStream() }

  /// Says what is in use from now on.
  package func publish(_ catalog: Catalog) { source.yield(catalog) }
}
