package import MillraceCore

/// The files beside the plugins that hold settings of their handlers (sidecars).
package protocol SettingsFiles: Sendable {
  /// Writes settings of a handler so that they are in force from then on; others in its file stay.
  /// - Returns: the file.
  /// - Throws: `Refusal` that says why it can't be done, or what else would have to change.
  func write(_ wishes: Wishes, for handler: String) async throws -> String
}
