import MillraceCore
import MillraceYAML
import Testing

@testable import millraced

@Suite("The configuration of the scheduler")
struct SchedulingConfigurationTests {
  private static let standard = Configuration.standard(in: ConfigurationTests.root)

  private static func read(_ text: String) throws -> Configuration {
    try ConfigurationReader.read(text, named: "m.yaml", over: standard)
  }

  @Test("every setting is read")
  func everything() throws {
    let read = try Self.read(
      """
      capacity: {memory: 12G, cpu: 1.5, slots: 8, overcommit: 2.5}
      queue: {max_queued: 10, aging: 5m, policy: slowdown, backfill_window: all, stagger: 200ms}
      pressure: {warning: 70%, critical: 85.5%, available_warning: 10%, available_critical: 5%,
        stall_warning: 15%, stall_critical: 30%, freeze_after: never, evict_after: 1m}
      learning: {enabled: false, window: 50}
      groups:
        media: {concurrency: 4, rate: 100/h}
        video: {concurrency: 1, within: media}
      fair_share: {label: owner, half_life: 12h, weight: 2h}
      """)
    var expected = Self.standard
    expected.capacity = .init(
      memory: .amount(.gibibytes(12)), cpuMillis: .amount(1500), slots: 8, overcommit: 2.5)
    expected.queue = .init(
      maxQueued: 10, aging: .seconds(300), policy: .slowdown, backfillWindow: nil,
      stagger: .milliseconds(200))
    expected.pressure.warning = 0.7
    expected.pressure.critical = 0.855
    expected.pressure.availableWarning = 0.1
    expected.pressure.availableCritical = 0.05
    expected.pressure.stallWarning = 15
    expected.pressure.stallCritical = 30
    expected.pressure.freezeAfter = nil
    expected.pressure.evictAfter = .seconds(60)
    expected.learning = .init(isOn: false, window: 50)
    expected.groups = [
      "media": GroupRules(concurrency: 4, rate: Rate(count: 100, per: .seconds(3600))),
      "video": GroupRules(concurrency: 1, within: "media"),
    ]
    expected.fairShare = FairShareRules(label: "owner", halfLife: .seconds(43_200), weight: .seconds(7200))
    #expect(read == expected)
  }

  @Test(
    "one mistake is one line",
    arguments: [
      (
        "capacity: {overcommit: 0.5}",
        "1:24: `capacity.overcommit` must be a number from 1 to 1000, not `0.5`"
      ),
      ("capacity: {overcommit: nan}", "1:24: `capacity.overcommit` must be a number"),
      ("capacity: {overcommit: 1e3}", "1:24: `capacity.overcommit` must be a number"),
      ("capacity: {overcommit: -2}", "1:24: `capacity.overcommit` must be a number"),
      ("capacity: {memory: 2000T}", "1:20: `capacity.memory` must be a size"),
      ("capacity: {memory: 99999999999999999999}", "1:20: `capacity.memory` must be a size"),
      (
        "queue: {policy: fifo}",
        "1:17: `queue.policy` must be one of fcfs, easy, default, slowdown, not `fifo`"
      ),
      (
        "queue: {backfill_window: 0}",
        "1:26: `queue.backfill_window` must be a whole number from 1 to 1000000, or `all`, not `0`"
      ),
      ("queue: {stagger: 2h}", "1:18: `queue.stagger` must be a span from 0 µs to 1 h 0 min"),
      ("queue: {max_queued: 1e9}", "1:21: `queue.max_queued` must be a whole number"),
      ("pressure: {warning: 0.8}", "1:21: `pressure.warning` must be a part from 1% to 100%, not `0.8`"),
      ("pressure: {warning: 120%}", "1:21: `pressure.warning` must be a part from 1% to 100%"),
      (
        "pressure: {warning: 95%}",
        "1:12: `pressure.warning` is wrong: `pressure.critical` must be above `pressure.warning`"
      ),
      (
        "pressure: {warning: 70%, critical: 60%}",
        "1:26: `pressure.critical` is wrong: `pressure.critical` must be above `pressure.warning`"
      ),
      (
        "pressure: {available_critical: 50%}",
        "1:12: `pressure.available_critical` is wrong: `pressure.available_critical` must be below"
      ),
      ("pressure: {stall_warning: 0%}", "1:27: `pressure.stall_warning` must be a part from 0.1% to 100%"),
      ("pressure: {freeze_after: 0s}", "1:26: `pressure.freeze_after` must be a span from 1 s to 1 d 0 h"),
      ("pressure: {evict_after: never}", "1:25: `pressure.evict_after` must be a span"),
      ("learning: {enabled: maybe}", "1:21: `learning.enabled` must be `true` or `false`, not `maybe`"),
      ("learning: {window: 5}", "1:20: `learning.window` must be a whole number from 20 to 10000"),
      (
        "groups: {a: {rate: 0/min}}", "1:20: `groups.a.rate` must be a rate of 1 to 10000 starts in some time"
      ),
      ("groups: {a: {rate: NaN/min}}", "1:20: `groups.a.rate` must be a rate"),
      ("groups: {a: {rate: -5/min}}", "1:20: `groups.a.rate` must be a rate"),
      ("groups: {a: {rate: 5}}", "1:20: `groups.a.rate` must be a rate"),
      ("groups: {a: {rate: 5/0s}}", "1:20: `groups.a.rate` must be a rate"),
      ("groups: {a: {rate: 99999999999999999999/s}}", "1:20: `groups.a.rate` must be a rate"),
      ("groups: {a: {rate: 5/999999d}}", "1:20: `groups.a.rate` must be a rate"),
      (
        "groups: {a: {concurrency: 0}}", "1:27: `groups.a.concurrency` must be a whole number from 1 to 10000"
      ),
      ("groups: {a: {within: a}}", "1:22: `groups.a.within` makes a circle: a within a"),
      ("groups: {a: {within: b}}", "1:22: `groups.a.within` names no group: `b`"),
      (
        "groups: {media: {}, a: {within: medai}}",
        "1:33: `groups.a.within` names no group: `medai`, did you mean `media`?"
      ),
      ("handlers: {a: {group: none}}", "1:23: `handlers.a.group` names no group: `none`"),
      ("handlers: {a: {rate: 0/min}}", "1:22: `handlers.a.rate` must be a rate"),
      ("defaults: {rate: 5/min}", "1:12: there is no setting `defaults.rate`"),
      ("fair_share: {half_life: 1d}", "1:1: `fair_share` must have a `label`, or be `off`"),
      ("fair_share: {label: a, half_life: 1s}", "1:35: `fair_share.half_life` must be a span"),
      ("fair_share: on", "1:13: `fair_share` must have settings below it"),
    ])
  func single(text: String, expected: String) {
    let error = #expect(throws: FileMistakes.self) { try Self.read(text) }
    let lines = (error?.description.split(separator: "\n") ?? []).dropLast()
    #expect(lines.count == 1, "\(lines)")
    #expect(lines.first?.hasPrefix("m.yaml:" + expected) == true, "\(lines)")
  }

  @Test("each group of a circle is told, and those that only lead into it are not")
  func circle() {
    let text = "groups: {a: {within: b}, b: {within: c}, c: {within: a}, d: {within: a}}"
    let error = #expect(throws: FileMistakes.self) { try Self.read(text) }
    #expect(
      error?.mistakes.map(\.message) == [
        "`groups.a.within` makes a circle: a within b within c within a",
        "`groups.b.within` makes a circle: b within c within a within b",
        "`groups.c.within` makes a circle: c within a within b within c",
      ])
  }

  @Test("the policy has all that the configuration says")
  func policy() throws {
    let machine = Machine(memory: .gibibytes(10), cpuMillis: 4000, pids: 100)
    let standard = machine.policy(Self.standard)
    var expected = Policy(slots: 64, memory: .gibibytes(8), cpuMillis: 4000)
    // Beside each other attempts get 85.5 % of the memory: what is left of 90 % where critical pressure ends.
    expected.headroom = Bytes(1_245_540_515)
    #expect(standard == expected)
    expected.apply(.easy)
    #expect(machine.policy(try Self.read("queue: {policy: easy}")) == expected)
    let configuration = try Self.read(
      """
      capacity: {memory: 1G, overcommit: 3}
      queue: {backfill_window: 7, stagger: 2s}
      pressure: {freeze_after: never}
      learning: {enabled: false, window: 30}
      groups: {media: {concurrency: 2}}
      handlers: {thumbnail: {group: media, rate: 5/min, concurrency: 3}}
      fair_share: {label: owner}
      """)
    let policy = machine.policy(configuration)
    #expect(policy.capacity.committed == .gibibytes(3))
    #expect(policy.backfillWindow == 7)
    #expect(policy.stagger == .seconds(2))
    #expect(policy.pressure.freezeAfter == nil)
    #expect(!policy.learning.isOn)
    #expect(policy.learning.window == 30)
    #expect(policy.groups == ["media": GroupRules(concurrency: 2)])
    #expect(policy.groupOf == ["thumbnail": "media"])
    #expect(policy.fairShare == FairShareRules(label: "owner"))
    let reception = machine.reception(configuration)
    #expect(reception.rates == ["thumbnail": try #require(Rate(text: "5/min"))])
    #expect(reception.concurrency == ["thumbnail": 3])
  }

  @Test("the largest capacity and over-commitment stay within what a size can be")
  func largest() throws {
    let machine = Machine(memory: .gibibytes(10), cpuMillis: 4000, pids: 100)
    let policy = machine.policy(try Self.read("capacity: {memory: 1024T, overcommit: 1000}"))
    #expect(policy.capacity.committed == Bytes(1000 << 50))
  }
}
