import TestSupport
import Testing

@testable import MillraceCore

@Suite("What the runner, a handler or a group does")
struct ActivityTests {
  private static let pause = Pause(by: "ann", since: Sample.time(1))
  private static let other = Pause(by: "bob", since: Sample.time(2))

  @Test(
    "every request in every state is done, or refused with the reason",
    arguments: [
      (.idle, .pause(other), false, .paused(other)), (.running, .pause(other), true, .paused(other)),
      (.idle, .drain(other), false, .paused(other)), (.running, .drain(other), true, .stopping(other)),
      (.idle, .resume, false, nil), (.running, .resume, true, nil),
      (.paused(pause), .pause(other), true, nil), (.paused(pause), .resume, false, .idle),
      (.paused(pause), .resume, true, .running), (.paused(pause), .drain(other), false, .paused(pause)),
      (.paused(pause), .drain(other), true, .stopping(pause)), (.stopping(pause), .pause(other), true, nil),
      (.stopping(pause), .resume, true, .running), (.stopping(pause), .drain(other), true, .stopping(pause)),
    ] as [(Activity, Activity.Request, Bool, Activity?)])
  func table(before: Activity, request: Activity.Request, isBusy: Bool, after: Activity?) {
    // Nil stands for a refusal in the table.
    let result = try? before.after(request, isBusy: isBusy)
    #expect(result == after)
  }

  @Test("a refusal says what it is instead")
  func reasons() {
    func reason(_ state: Activity, _ request: Activity.Request) -> String? {
      #expect(throws: Activity.Illegal.self) { try state.after(request, isBusy: true) }?.reason
    }
    #expect(reason(.running, .resume) == "is not paused")
    #expect(reason(.paused(Self.pause), .pause(Self.other)) == "is paused already, by ann")
    #expect(reason(.stopping(Self.pause), .pause(Self.other)) == "is stopping already, by ann")
  }

  @Test("what stops is paused when nothing runs any more, and nothing else changes by that")
  func emptied() {
    #expect(Activity.stopping(Self.pause).after(isBusy: true) == .stopping(Self.pause))
    #expect(Activity.stopping(Self.pause).after(isBusy: false) == .paused(Self.pause))
    #expect(Activity.paused(Self.pause).after(isBusy: true) == .paused(Self.pause))
    #expect(Activity.idle.after(isBusy: true) == .running)
    #expect(Activity.running.after(isBusy: false) == .idle)
  }

  @Test("a name is read back", arguments: [.runner, .handler("a b"), .group("x.y")] as [Station])
  func names(station: Station) {
    #expect(Station(name: station.name) == station)
    #expect(Station(name: "engine x") == nil && Station(name: "handler") == nil && Station(name: "") == nil)
  }
}

@Suite("Pausing and draining")
struct PausingTests {
  private let pause = Pause(by: "ann", since: Sample.time(0))

  @Test(
    "a paused runner, handler or group takes jobs and starts none of them, until it is resumed",
    arguments: [
      (.runner, [.runner], "the runner is paused by ann"),
      (.handler("work"), [.handler], "handler `work` is paused by ann"),
      (.group("outer"), [.group], "group `outer` is paused by ann"),
    ] as [(Station, [GateVerdict.Gate], String)])
  func paused(station: Station, gates: [GateVerdict.Gate], reason: String) {
    let rig = Rig(
      Rig.policy {
        $0.groups = ["inner": GroupRules(within: "outer"), "outer": GroupRules()]
        $0.groupOf = ["work": "inner"]
      })
    #expect(rig.run(Rig.job(1)) == [.id(1)])
    let actions = rig.send(.operate(station, .pause(pause)))
    #expect(actions.first == .operated(station, .paused(pause)))
    #expect(actions.notices.map(\.text) == ["\(station.words) is paused by ann"])
    #expect(rig.run(Rig.job(2)) == [])
    #expect(rig.closedGates(2) == gates)
    #expect(rig.reason(gates[0], 2) == reason)
    #expect(rig.verdicts(2).first { !$0.isOpen }?.remedy == "`millrace resume\(station.option)`")
    #expect(rig.forecast(2) == Forecast(start: nil, basis: "\(station.words) is paused"))
    #expect(rig.scheduler.standstills.map(\.station) == [station])
    // Others are not concerned.
    let others = rig.run(Rig.job(3, "other"))
    #expect(others == (station == .runner ? [] : [.id(3)]))
    #expect(Set(rig.send(.operate(station, .resume)).started).isSuperset(of: [.id(2)]))
    #expect(rig.scheduler.standstills.isEmpty)
  }

  @Test("a drain is over when the last of them has ended, and says so; then it is paused")
  func drain() {
    let rig = Rig()
    rig.run(Rig.job(1), Rig.job(2), Rig.job(3, "other"))
    let handler = Station.handler("work")
    #expect(rig.send(.operate(handler, .drain(pause))).first == .operated(handler, .stopping(pause)))
    #expect(rig.end(.id(3)).notices.isEmpty)
    #expect(rig.end(.id(1)).notices.isEmpty)
    #expect(rig.scheduler.activity(of: handler) == .stopping(pause))
    let last = rig.end(.id(2))
    #expect(last.contains(.operated(handler, .paused(pause))))
    #expect(last.notices.map(\.text) == ["handler `work` has drained: nothing of it runs any more"])
    #expect(rig.scheduler.activity(of: handler) == .paused(pause))
    #expect(rig.run(Rig.job(4)) == [])
  }

  @Test("what came too late is passed over")
  func late() {
    let rig = Rig()
    #expect(rig.send(.operate(.runner, .resume)) == [])
    _ = rig.send(.operate(.runner, .pause(pause)))
    #expect(rig.send(.operate(.runner, .pause(pause))) == [])
    #expect(rig.send(.operate(.runner, .drain(pause))) == [])
  }

  @Test("a handler that has no plugin any more is known as long as jobs of it wait")
  func known() {
    let rig = Rig()
    #expect(rig.scheduler.knows(.runner) && rig.scheduler.knows(.handler("work")))
    #expect(!rig.scheduler.knows(.handler("gone")) && !rig.scheduler.knows(.group("line")))
    var job = Rig.job(1, "gone")
    job.group = "line"
    rig.run(job)
    #expect(rig.scheduler.knows(.handler("gone")) && rig.scheduler.knows(.group("line")))
  }

  @Test("a running attempt that is cancelled or evicted while all is paused does so as always")
  func stops() {
    let rig = Rig()
    rig.run(Rig.job(1))
    _ = rig.send(.operate(.runner, .pause(pause)))
    #expect(rig.send(.cancel(JobID(1))) == [.cancelRequested(JobID(1)), .terminate(.id(1))])
  }
}
