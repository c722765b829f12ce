/// Where plugins come from.
package protocol PluginSource: Sendable {
  /// The plugins in use and the files refused, each time they have changed; the first one at once.
  var catalogs: AsyncStream<Catalog> { get }
}
