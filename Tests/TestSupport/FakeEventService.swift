package import MillraceCore
package import MillraceEngine
import Synchronization

/// Events in memory, and webhooks that a test names.
package final class FakeEventService: EventService {
  private let record: MemoryJobStore
  private let webhooks: [String: Trigger.WebhookRule]
  /// What it says no with; nil to take what comes.
  private let state = Mutex<Refusal?>(nil)

  package init(_ record: MemoryJobStore = MemoryJobStore(), webhooks: [String: Trigger.WebhookRule] = [:]) {
    (self.record, self.webhooks) = (record, webhooks)
  }

  /// Says no from now on, or takes what comes.
  package func refuse(with refusal: Refusal?) { state.withLock { $0 = refusal } }

  package func announce(_ events: [CloudEvent]) async throws -> [EventAcceptance] {
    if let refusal = state.withLock({ $0 }) { throw refusal }
    for (index, event) in events.enumerated() where event.isReserved {
      throw Refusal(
        .invalid, "only the runner is the source `\(event.source)`", index: events.count > 1 ? index : nil)
    }
    return try await record.accept(events, at: Sample.time(0))
  }

  package func webhook(ofSchedule name: String) async throws -> Trigger.WebhookRule {
    guard let rule = webhooks[name] else { throw Refusal(.notFound, "schedule `\(name)` has no webhook") }
    return rule
  }

  package func announce(fromWebhook event: CloudEvent) async throws -> EventAcceptance {
    if let refusal = state.withLock({ $0 }) { throw refusal }
    return try await record.accept([event], at: Sample.time(0))[0]
  }

  package var eventRecord: any EventReader { record }
}

/// Codes that are the lengths of what is signed: no cryptography, but the right shape.
package struct FakeAuthentication: MessageAuthentication {
  package init() {}

  package func code(of message: [UInt8], withSecretIn file: String) throws -> [UInt8] {
    guard file != "/none" else { throw Refusal(.conflict, "cannot use the secret in `/none`") }
    return [UInt8](repeating: UInt8(truncatingIfNeeded: message.count), count: 32)
  }
}
