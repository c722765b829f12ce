package import MillraceCore

/// What can be done with events from outside.
package protocol EventService: Sendable {
  /// Takes events in, all or none; returned means committed: what schedules make of them follows.
  /// - Returns: the number of each, and whether it is new.
  /// - Throws: `Refusal`: `invalid` for a source that only the runner has; `queueFull` while too many wait to
  ///   be decided about.
  func announce(_ events: [CloudEvent]) async throws -> [EventAcceptance]
  /// Returns how callers of a schedule's webhook show that they may.
  /// - Throws: `Refusal` (`notFound`) if there is no schedule with a webhook of that name.
  func webhook(ofSchedule name: String) async throws -> Trigger.WebhookRule
  /// Takes in what came by the webhook of a schedule, whose signature is right.
  ///
  /// - Parameter event: its source is that of the schedule.
  /// - Returns: its number, and whether it is new.
  /// - Throws: `Refusal`, as `announce`.
  func announce(fromWebhook event: CloudEvent) async throws -> EventAcceptance
  /// Returns the record of events.
  var eventRecord: any EventReader { get }
}

/// Computes authentication codes with secrets that only the runner can read.
package protocol MessageAuthentication: Sendable {
  /// Returns the HMAC with SHA-256 of a message.
  ///
  /// - Parameters:
  ///   - message: any bytes.
  ///   - file: the file with the secret: its text without the line's end; after `whsec_` it is base64.
  /// - Returns: 32 bytes.
  /// - Throws: `Refusal` (`conflict`) for a file that can't be read, is empty, or that others can read.
  func code(of message: [UInt8], withSecretIn file: String) throws -> [UInt8]
}
