package import FoundationEssentials

/// What a handler said through its context, in the order in which it said it.
package enum PluginEvent: Codable, Sendable, Hashable {
  /// A line for the log; the fields in their order, name and value.
  case log(level: Int32, message: String, fields: [[String]])
  /// How far it is.
  case progress(fraction: Double, message: String?)
  /// Its result.
  case result(bytes: Data, mediaType: String?)
  /// Why it failed.
  case failure(code: String, message: String, isRetryable: Bool)
  /// It wants to be run again.
  case snooze(milliseconds: Int64, reason: String?)
  /// What it saved for its next attempt.
  case checkpoint(bytes: Data)
  /// What `run` returned.
  case returned(Int32)
}
