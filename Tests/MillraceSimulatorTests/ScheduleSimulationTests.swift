import Foundation
import MillraceCore
import MillraceSimulator
import Testing

@Suite("Schedules that are simulated")
struct ScheduleSimulationTests {
  private static func zones() throws -> [String: ZoneRules] {
    var zones: [String: ZoneRules] = [:]
    for name in ScheduleSimulation.zoneNames {
      let file = URL(fileURLWithPath: "/usr/share/zoneinfo/" + name)
      zones[name] = try ZoneRules(bytes: [UInt8](try Data(contentsOf: file)))
    }
    return zones
  }

  /// How many seeds are tried: as many as a debug build does in 20 s. `MILLRACE_SCHEDULE_SEEDS=2000` tries
  /// more, `make sim` very many.
  private static let seeds =
    ProcessInfo.processInfo.environment["MILLRACE_SCHEDULE_SEEDS"].flatMap { UInt64($0) } ?? 300

  @Test("each nominal time has its one job and its row, whatever crashes and whichever way the clock is set")
  func sound() throws {
    let zones = try Self.zones()
    var trial = ScheduleTrial()
    for seed in 1...Self.seeds { trial.add(seed: seed, zones: zones) }
    #expect(trial.violations == 0, "\(trial.examples.joined(separator: "\n"))")
    // What never happens is not tried.
    // Commands and events are not in it.
    for fate in Fate.allCases where fate != .manual && fate != .skippedLoop {
      #expect(trial.fates[fate] ?? 0 > 0, "no \(fate)")
    }
    #expect(trial.crashes > 0)
  }

  @Test("the same seed makes the same history")
  func deterministic() throws {
    var one = ScheduleSimulation(seed: 7, zones: try Self.zones())
    var other = one
    #expect(try one.violations() == other.violations())
    #expect(one.history.ticks == other.history.ticks)
    #expect(!one.history.ticks.isEmpty)
  }

  @Test("a trial counts what is wrong, and has examples with their seeds")
  func trial() throws {
    let zones = try Self.zones()
    var trial = ScheduleTrial()
    for seed in UInt64(1)...10 { trial.add(seed: seed, zones: zones, flaw: .doubles) }
    #expect(trial.seeds == 10 && trial.violations > trial.examples.count)
    #expect(trial.examples.count == 20)
    #expect(trial.examples.allSatisfy { $0.hasPrefix("seed ") })
  }

  @Test("a runner with a flaw is found out", arguments: ScheduleSimulation.Flaw.allCases)
  func flawed(_ flaw: ScheduleSimulation.Flaw) throws {
    let zones = try Self.zones()
    var kinds: Set<ScheduleViolation.Kind> = []
    for seed in UInt64(1)...15 {
      var simulation = ScheduleSimulation(seed: seed, zones: zones, flaw: flaw)
      kinds.formUnion(try simulation.violations().map(\.kind))
    }
    let kind: ScheduleViolation.Kind =
      switch flaw {
      case .claimsFirst, .drops: .missing
      case .makesJobFirst, .doubles: .doubled
      case .forgetsDownTime: .untold
      case .dawdles: .untimely
      }
    #expect(kinds.contains(kind), "\(kinds)")
  }
}
