import TestSupport
import Testing

@testable import MillraceCore

@Suite("Determinism")
struct DeterminismTests {
  /// All that a scheduler does in a made-up hour with shares, groups, rates, pressure and failures, as text.
  private static func record(seed: UInt64) -> String {
    var random = SeededGenerator(seed: seed)
    let names = (0..<6).map { "handler \($0)" }
    let policy = Rig.policy(slots: 5, memory: .mebibytes(400)) {
      $0.fairShare = FairShareRules(label: "team", halfLife: .seconds(300), weight: .seconds(600))
      $0.groups = ["inner": GroupRules(concurrency: 3, within: "outer"), "outer": GroupRules(concurrency: 4)]
      $0.groupOf = [names[0]: "inner", names[1]: "inner", names[2]: "outer"]
      $0.order = seed % 2 == 0 ? .priority : .slowdown
      ($0.pressure.freezeAfter, $0.pressure.evictAfter) = (.zero, .seconds(5))
    }
    let rules = names.map { ($0, HandlerRules(concurrency: 4, rate: Rate(text: "9/min"))) }
    let rig = Rig(policy, handlers: Dictionary(uniqueKeysWithValues: rules))
    var record = ""
    for number in 1...Int64(250) {
      rig.seconds += Int64.random(in: 0...9, using: &random)
      var actions: [Action]
      let running = rig.scheduler.running.ids
      switch Int.random(in: 0..<6, using: &random) {
      case 0, 1, 2:
        var job = Rig.job(
          number, names[Int.random(in: 0..<6, using: &random)],
          priority: Int.random(in: 1...10, using: &random),
          at: rig.seconds
        ) { $0.limits.memory = .mebibytes(Int64.random(in: 20...300, using: &random)) }
        job.share = "team \(Int.random(in: 0..<5, using: &random))"
        actions = rig.send(.submitted([job]))
      case 3:
        let samples = running.map { id in
          let size = Bytes.mebibytes(Int64.random(in: 1...99, using: &random))
          return (id, UsageSample(workingSet: size, cpu: .seconds(rig.seconds)))
        }
        let tree = Bytes.mebibytes(Int64.random(in: 0...450, using: &random))
        actions = rig.sample(Dictionary(uniqueKeysWithValues: samples), MachineSample(treeMemory: tree))
      default:
        guard let id = running.randomElement(using: &random) else { continue }
        actions = rig.send(.ended(id, random.oneIn(3) ? .crash : .success))
      }
      for id in actions.started { actions += rig.send(.started(id)) }
      actions += rig.send(.timer)
      for id in actions.started where rig.scheduler.running[id]?.phase == .starting(stop: nil) {
        actions += rig.send(.started(id))
      }
      record += "\(rig.seconds): \(actions) \(String(describing: rig.scheduler.nextTime))\n"
      if number % 50 == 0 {
        record += "\(rig.forecast(number)) \(String(describing: rig.explanation(number)))\n"
      }
    }
    return record
  }

  /// A number that is the same in every process (FNV-1a).
  private static func fingerprint() -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for seed in 0..<UInt64(2) {
      for byte in record(seed: seed).utf8 { hash = (hash ^ UInt64(byte)) &* 0x0100_0000_01b3 }
    }
    return "fingerprint \(hash);"
  }

  @Test("two processes do the same to the letter: nothing depends on the order of a dictionary")
  func twoProcesses() async throws {
    let other = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      print(DeterminismTests.fingerprint())
    }
    let output = try #require(other).standardOutputContent
    #expect(String(decoding: output, as: UTF8.self).contains(Self.fingerprint()))
    let record = Self.record(seed: 0)
    #expect(record.contains("start(") && record.contains("freeze("))
  }
}
