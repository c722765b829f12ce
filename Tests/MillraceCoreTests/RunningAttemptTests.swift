import TestSupport
import Testing

@testable import MillraceCore

@Suite("A running attempt")
struct RunningAttemptTests {
  typealias Phase = RunningAttempt.Phase
  typealias Effect = RunningAttempt.Effect

  /// Terms with a timeout of 60 s and a grace of 5 s; time is in seconds after the admission.
  private static func attempt(after events: [(RunningAttempt.Event, Int64)]) -> RunningAttempt {
    let job = Rig.job(1)
    var attempt = RunningAttempt(
      id: AttemptID(job: job.id, number: 1), job: job, build: "", groups: [], admitted: Sample.time(0),
      estimate: Rig.estimate(of: job))
    for (event, seconds) in events { _ = attempt.handle(event, at: Sample.time(seconds)) }
    return attempt
  }

  private static func starting() -> RunningAttempt { attempt(after: []) }
  private static func startingStopped() -> RunningAttempt {
    attempt(after: [(.stopRequested(.cancelled), 0)])
  }
  private static func running() -> RunningAttempt { attempt(after: [(.started, 1)]) }
  private static func stopping() -> RunningAttempt {
    attempt(after: [(.started, 1), (.stopRequested(.cancelled), 2)])
  }
  private static func killing() -> RunningAttempt {
    attempt(after: [(.started, 1), (.stopRequested(.cancelled), 2), (.timer, 7)])
  }

  private static func frozen() -> RunningAttempt {
    attempt(after: [(.started, 1), (.freezeRequested, 21)])
  }

  /// When it ended, its bound by the wall, whether the kernel killed for memory, which time was over.
  static let overruns: [(Int64?, Int64?, Int64, StopReason?)] = [
    (nil, nil, 0, nil), (60, nil, 0, nil), (61, nil, 0, .timedOut), (70, nil, 0, .timedOut),
    (70, nil, 1, nil), (70, 65, 0, .timedOut), (70, 50, 0, .deadline), (49, 50, 0, nil),
  ]

  @Test("an end after its time is the doing of a runner that died", arguments: overruns.indices)
  func overrun(row: Int) {
    let (ended, finishBy, kills, reason) = Self.overruns[row]
    var attempt = Self.running()
    attempt.job.terms.finishWithin = finishBy.map { .seconds($0) }
    var report = VerdictTests.killed
    report.ended = ended.map { Sample.time($0) }
    report.usage.oomKills = kills
    #expect(attempt.overrun(by: report) == reason)
  }

  struct Row: Sendable {
    var name: String
    var from: @Sendable () -> RunningAttempt
    var event: RunningAttempt.Event
    var seconds: Int64
    var phase: Phase
    var effects: [Effect] = []
  }

  static let rows: [Row] = [
    Row(
      name: "starting, started", from: starting, event: .started, seconds: 1,
      phase: .running(deadline: Sample.time(61)), effects: [.markRunning]),
    Row(
      name: "starting and to be stopped, started", from: startingStopped, event: .started, seconds: 1,
      phase: .stopping(.cancelled, killAt: Sample.time(6)), effects: [.markRunning, .terminate]),
    Row(
      name: "starting, cancel", from: starting, event: .stopRequested(.cancelled), seconds: 1,
      phase: .starting(stop: .cancelled)),
    Row(
      name: "starting and to be stopped, another reason", from: startingStopped,
      event: .stopRequested(.thrashing), seconds: 1, phase: .starting(stop: .cancelled)),
    Row(name: "starting, timer", from: starting, event: .timer, seconds: 99, phase: .starting(stop: nil)),
    Row(
      name: "running, cancel", from: running, event: .stopRequested(.cancelled), seconds: 2,
      phase: .stopping(.cancelled, killAt: Sample.time(7)), effects: [.terminate]),
    Row(
      name: "running, time out asked for", from: running, event: .stopRequested(.timedOut), seconds: 2,
      phase: .stopping(.timedOut, killAt: Sample.time(7)), effects: [.terminate]),
    Row(
      name: "running, thrashing", from: running, event: .stopRequested(.thrashing), seconds: 2,
      phase: .killing(.thrashing), effects: [.kill]),
    Row(
      name: "running, timer too early", from: running, event: .timer, seconds: 60,
      phase: .running(deadline: Sample.time(61))),
    Row(
      name: "running, deadline", from: running, event: .timer, seconds: 61,
      phase: .stopping(.timedOut, killAt: Sample.time(66)), effects: [.terminate]),
    Row(
      name: "stopping, timer too early", from: stopping, event: .timer, seconds: 6,
      phase: .stopping(.cancelled, killAt: Sample.time(7))),
    Row(
      name: "stopping, grace over", from: stopping, event: .timer, seconds: 7, phase: .killing(.cancelled),
      effects: [.kill]),
    Row(
      name: "stopping, another reason", from: stopping, event: .stopRequested(.thrashing), seconds: 3,
      phase: .stopping(.cancelled, killAt: Sample.time(7))),
    Row(
      name: "running, freeze", from: running, event: .freezeRequested, seconds: 21,
      phase: .frozen(left: .seconds(40), since: Sample.time(21)), effects: [.freeze]),
    Row(
      name: "running, evicted", from: running, event: .stopRequested(.evicted), seconds: 2,
      phase: .killing(.evicted), effects: [.kill]),
    Row(
      name: "running, thaw", from: running, event: .thawRequested, seconds: 2,
      phase: .running(deadline: Sample.time(61))),
    Row(
      name: "starting, freeze", from: starting, event: .freezeRequested, seconds: 2,
      phase: .starting(stop: nil)),
    Row(
      name: "frozen, thaw", from: frozen, event: .thawRequested, seconds: 121,
      phase: .running(deadline: Sample.time(161)), effects: [.thaw]),
    Row(
      name: "frozen, freeze", from: frozen, event: .freezeRequested, seconds: 30,
      phase: .frozen(left: .seconds(40), since: Sample.time(21))),
    Row(
      name: "frozen, timer after its deadline", from: frozen, event: .timer, seconds: 999,
      phase: .frozen(left: .seconds(40), since: Sample.time(21))),
    Row(
      name: "frozen, cancel", from: frozen, event: .stopRequested(.cancelled), seconds: 30,
      phase: .stopping(.cancelled, killAt: Sample.time(35)), effects: [.thaw, .terminate]),
    Row(
      name: "frozen, evicted", from: frozen, event: .stopRequested(.evicted), seconds: 30,
      phase: .killing(.evicted), effects: [.kill]),
    Row(
      name: "stopping, freeze", from: stopping, event: .freezeRequested, seconds: 3,
      phase: .stopping(.cancelled, killAt: Sample.time(7))),
    Row(
      name: "killing, thaw", from: killing, event: .thawRequested, seconds: 9, phase: .killing(.cancelled)),
    Row(name: "killing, timer", from: killing, event: .timer, seconds: 99, phase: .killing(.cancelled)),
    Row(
      name: "killing, another reason", from: killing, event: .stopRequested(.timedOut), seconds: 99,
      phase: .killing(.cancelled)),
  ]

  @Test("goes from each phase by each event where it should", arguments: rows.indices)
  func transition(index: Int) {
    let row = Self.rows[index]
    var attempt = row.from()
    let effects = attempt.handle(row.event, at: Sample.time(row.seconds))
    #expect(attempt.phase == row.phase, "\(row.name)")
    #expect(effects == row.effects, "\(row.name)")
  }

  @Test("knows why it is stopped and when time alone will change it")
  func questions() {
    #expect(Self.starting().stopReason == nil)
    #expect(Self.starting().nextTime == nil)
    #expect(Self.startingStopped().stopReason == .cancelled)
    #expect(Self.startingStopped().nextTime == nil)
    #expect(Self.running().stopReason == nil)
    #expect(Self.running().nextTime == Sample.time(61))
    #expect(Self.stopping().stopReason == .cancelled)
    #expect(Self.stopping().nextTime == Sample.time(7))
    #expect(Self.killing().stopReason == .cancelled)
    #expect(Self.killing().nextTime == nil)
  }

  @Test("tells how long it has run, frozen time left out")
  func runTime() {
    func seconds(_ attempt: RunningAttempt, at seconds: Int64) -> Int64 {
      attempt.runTime(until: Sample.time(seconds)).microseconds / 1_000_000
    }
    #expect(seconds(Self.starting(), at: 9) == 0)
    #expect(seconds(Self.running(), at: 9) == 8)
    #expect(seconds(Self.running(), at: 0) == 0)
    #expect(seconds(Self.frozen(), at: 99) == 20)
    var attempt = Self.frozen()
    _ = attempt.handle(.thawRequested, at: Sample.time(121))
    #expect(attempt.frozenTime == .seconds(100))
    #expect(seconds(attempt, at: 131) == 30)
  }

  @Test("tells when it will have ended: as expected, and for certain")
  func ends() {
    func ends(_ attempt: RunningAttempt, at seconds: Int64) -> [Int64] {
      [attempt.expectedEnd(at: Sample.time(seconds)), attempt.latestEnd(at: Sample.time(seconds))].map {
        ($0 - Sample.time(0)).microseconds / 1_000_000
      }
    }
    // A time limit of 60 s, nothing learned, a grace of 5 s.
    #expect(ends(Self.starting(), at: 9) == [69, 74])
    #expect(ends(Self.running(), at: 9) == [61, 66])
    #expect(ends(Self.running(), at: 99) == [99, 104])
    #expect(ends(Self.frozen(), at: 31) == [71, 76])
    #expect(ends(Self.stopping(), at: 3) == [7, 7])
    #expect(ends(Self.stopping(), at: 9) == [9, 9])
    #expect(ends(Self.killing(), at: 9) == [9, 9])
  }

  @Test("a second start is our own mistake, and traps")
  func startedTwice() async {
    await #expect(processExitsWith: .failure) {
      var attempt = RunningAttemptTests.running()
      _ = attempt.handle(.started, at: Sample.time(2))
    }
    await #expect(processExitsWith: .failure) {
      var attempt = RunningAttemptTests.stopping()
      _ = attempt.handle(.started, at: Sample.time(3))
    }
    await #expect(processExitsWith: .failure) {
      var attempt = RunningAttemptTests.killing()
      _ = attempt.handle(.started, at: Sample.time(8))
    }
  }
}
