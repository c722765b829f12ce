import MillraceCore
import Testing

@testable import MillraceSimulator

@Suite("A policy in words")
struct PolicySettingsTests {
  private static func policy(_ settings: String...) throws -> Policy {
    var policy = Policy(slots: 4, memory: .gibibytes(1), cpuMillis: 2000)
    for setting in settings { try PolicySettings.apply(setting, to: &policy) }
    return policy
  }

  @Test("is put into force")
  func values() throws {
    let policy = try Self.policy(
      "policy=easy", "aging=10m", "max_running=8", "memory=16G", "cpu=1.5", "overcommit=2",
      "backfill_window=all",
      "warning=70%", "critical=0.85", "freeze_after=never", "evict_after=0", "order=slowdown", "learning=on",
      "processors=whole", "stagger=250ms")
    #expect(policy.backfill == .inOrder)
    #expect(policy.aging == .seconds(600))
    #expect(
      policy.capacity
        == Resources(slots: 8, memory: .gibibytes(16), committed: .gibibytes(32), cpuMillis: 1500))
    #expect(policy.backfillWindow == nil)
    #expect(policy.pressure.warning == 0.7)
    #expect(policy.pressure.critical == 0.85)
    #expect(policy.pressure.freezeAfter == nil)
    #expect(policy.pressure.evictAfter == .zero)
    #expect(policy.order == .slowdown)
    #expect(policy.learning.isOn)
    #expect(policy.processors == .whole)
    #expect(policy.stagger == .milliseconds(250))
  }

  @Test("keeps the multiple of memory that may be promised when the memory changes")
  func promises() throws {
    let policy = try Self.policy("memory=3G")
    #expect(policy.capacity.committed == .gibibytes(30))
  }

  @Test(
    "is refused where it can't be",
    arguments: [
      "aging", "aging=", "=1", "aging=10", "aging=-1m", "aging=nan", "aging=1000000000d", "max_running=0",
      "max_running=-1", "max_running=1.5", "max_running=99999999999999999999", "memory=0", "memory=-1G",
      "memory=nan", "memory=9999999T", "cpu=0", "cpu=inf", "cpu=nan", "overcommit=0.5", "overcommit=1e9",
      "policy=best", "backfill=yes", "learning=1", "warning=0", "warning=101%", "warning=2", "critical=nan",
      "freeze_after=soon", "learn_few=0", "unknown=1",
    ])
  func mistakes(text: String) throws {
    #expect(throws: SimulatorError.self) { try Self.policy(text) }
  }

  @Test("names what there is")
  func names() throws {
    let error = #expect(throws: SimulatorError.self) { try Self.policy("agng=1m") }
    #expect(error?.message == "there is no setting `agng`")
    #expect(error?.hint?.contains("aging") ?? false)
    #expect(Set(PolicySettings.all.map(\.name)).count == PolicySettings.all.count)
  }
}
