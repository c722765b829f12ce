import Logging
import MillraceCore
import MillraceEngine
import Synchronization
import Testing

@testable import millraced

@Suite("Settings that can be changed while the runner works")
struct LiveSettingsTests {
  private final class Walls: Sendable {
    let all = Mutex<[Bytes]>([])
  }

  private let walls = Walls()
  private let threshold = LogThreshold(.info)

  private func settings(_ text: String = "") throws -> LiveSettings {
    let standard = Configuration.standard(in: ConfigurationTests.root)
    let configuration =
      text.isEmpty ? standard : try ConfigurationReader.read(text, named: "m.yaml", over: standard)
    return LiveSettings(
      over: configuration, of: "/etc/millrace.yaml",
      on: Machine(memory: .gibibytes(10), cpuMillis: 4000, pids: 100), log: threshold
    ) { [walls] bytes in walls.all.withLock { $0.append(bytes) } }
  }

  @Test("what is set is in force as if the configuration said so")
  func policy() throws {
    let settled = try settings("groups: {media: {rate: 5/min}}").settled(with: [
      "capacity.slots": "3", "capacity.memory": "50%", "queue.policy": "fcfs", "queue.aging": "1m",
      "pressure.freeze_after": "never", "groups.media.concurrency": "2", "groups.media.order": "fifo",
      "handlers.image.resize.memory": "12M", "handlers.image.resize.concurrency": "4",
      "defaults.timeout": "9s",
    ])
    #expect(settled.policy.capacity.slots == 3 && settled.policy.capacity.memory == .gibibytes(5))
    #expect(settled.policy.backfill == .none && settled.policy.aging == .seconds(60))
    #expect(settled.policy.pressure.freezeAfter == nil)
    let media = settled.policy.groups["media"]
    #expect(media == GroupRules(concurrency: 2, rate: Rate(count: 5, per: .seconds(60)), order: .fifo))
    #expect(settled.reception.overrides["image.resize"]?.memory == .mebibytes(12))
    #expect(settled.reception.concurrency["image.resize"] == 4)
    #expect(settled.reception.defaults.timeout == .seconds(9))
    #expect(settled.reception.machine.memory == .gibibytes(5))
  }

  @Test(
    "what can't be is refused in the words of the configuration",
    arguments: [
      ("capacity.slots", "0", "`capacity.slots` must be a whole number from 1 to 10000, not `0`"),
      ("capacity.slotz", "1", "there is no setting `capacity.slotz`, did you mean `slots`?"),
      ("queue.policy", "esay", "`queue.policy` must be one of"),
      ("pressure.warning", "95%", "`pressure.warning` is wrong: `pressure.critical` must be above"),
      ("capacity", "1", "`capacity` must have settings below it"), ("", "1", "`` is no name of a setting"),
      ("queue..aging", "1m", "is no name of a setting"), ("queue.aging", "1m\nstate: /x", "is no name"),
      ("queue.aging", "'}, state: {x: '", "`queue.aging` must be a span"),
    ])
  func invalid(name: String, value: String, words: String) throws {
    let settings = try settings()
    let refusal = try #require(throws: Refusal.self) { try settings.settled(with: [name: value]) }
    #expect(refusal.kind == .invalid)
    #expect(refusal.message.contains(words), "\(refusal.message)")
  }

  @Test(
    "what needs a restart is refused with the file that has it",
    arguments: [
      ("state", "/x"), ("socket_mode", "0600"), ("learning.window", "50"), ("bounds.input", "1M"),
      ("handlers.x.tier", "cold"), ("defaults.tier", "cold"), ("groups.x.within", "y"),
    ])
  func fixed(name: String, value: String) throws {
    let settings = try settings("groups: {y: {}}")
    let refusal = try #require(throws: Refusal.self) { try settings.settled(with: [name: value]) }
    #expect(refusal.kind == .conflict)
    #expect(refusal.message == "`\(name)` can't be changed while the runner works")
    #expect(refusal.hint?.contains("/etc/millrace.yaml") ?? false)
  }

  @Test("each is listed with its value in a form that can be set again")
  func list() throws {
    let settings = try settings(
      "capacity: {memory: 12G, cpu: 1.5}\nqueue: {stagger: 200ms}\nhandlers: {a: {memory: 64M, rate: 5/min}}"
        + "\ngroups: {g: {concurrency: 2}}")
    let rows = settings.list(with: ["capacity.slots": "3"])
    #expect(rows.first { $0.name == "capacity.slots" }?.value == "3")
    #expect(rows.first { $0.name == "capacity.slots" }?.configured == "64")
    #expect(rows.first { $0.name == "capacity.memory" }?.value == "12G")
    for row in rows where !row.configured.isEmpty {
      let settled = try settings.settled(with: [row.name: row.configured])
      #expect(settled.policy == (try settings.settled(with: [:])).policy, "\(row.name): \(row.configured)")
      #expect(settled.reception == (try settings.settled(with: [:])).reception, "\(row.name)")
    }
  }

  @Test("the wall around all jobs is raised with the capacity and never lowered; the log follows its level")
  func apply() throws {
    let settings = try settings()
    try settings.apply(["capacity.memory": "2G"])
    #expect(walls.all.withLock { $0 } == [])
    try settings.apply(["capacity.memory": "90%", "log_level": "debug"])
    #expect(walls.all.withLock { $0 } == [.gibibytes(9)])
    #expect(threshold.level == .debug)
    try settings.apply([:])
    #expect(walls.all.withLock { $0 } == [.gibibytes(9)])
    #expect(threshold.level == .info)
  }

  @Test("every logger goes by the threshold, also one that was made before it changed")
  func log() {
    let logger = Logger(label: "x") { ThresholdLog(label: $0, threshold: threshold) }
    #expect(logger.logLevel == .info)
    threshold.level = .error
    #expect(logger.logLevel == .error)
  }
}
