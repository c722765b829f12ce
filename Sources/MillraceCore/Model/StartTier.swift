/// How an attempt's process comes to its plugin.
package enum StartTier: String, Hashable, Sendable, Codable, CaseIterable {
  /// A fork of a process that has the plugin loaded and warmed up.
  case warm
  /// A fork of a process that has the common libraries loaded; it loads the plugin.
  case template
  /// A fresh program that loads the plugin.
  case cold
}
