package import MillraceCore
package import MillraceEngine
import Synchronization

/// A launcher without processes, here or in a cluster: it writes down what it is asked, and a test says what
/// happens.
package final class FakeLauncher: Launcher, ClusterLauncher {
  private struct State {
    var plans: [AttemptID: LaunchPlan] = [:]
    var kept: Set<AttemptID> = []
    var ended: [AttemptID: AttemptReport] = [:]
    var samples: [AttemptID: UsageSample] = [:]
    var machine = MachineSample()
    var startsAtOnce = false
    var obeys = false
    var running: Set<AttemptID> = []
    var planted: [Leak] = []
    var suspects: Set<Leak> = []
  }

  private let state = Mutex(State())
  private let journal: Journal<String>
  private let name: String
  private let source: AsyncStream<LaunchEvent>.Continuation
  package let events: AsyncStream<LaunchEvent>

  /// Makes a launcher that writes into `journal`: "launch 1.1", "terminate 1.1", "kill 1.1", "freeze 1.1",
  /// "thaw 1.1", "release 1.1", "sample", with `name` before each. What `former` was told to keep, and its
  /// ends that were not released, are found by this one.
  package init(journal: Journal<String>, named name: String = "", after former: FakeLauncher? = nil) {
    self.journal = journal
    self.name = name.isEmpty ? "" : name + " "
    (events, source) = AsyncStream.makeStream()
    guard let former else { return }
    let (kept, ended) = former.state.withLock { ($0.kept, $0.ended) }
    state.withLock { state in
      state.kept = kept
      state.ended = ended
    }
  }

  /// Tells the engine what happens.
  package func say(_ event: LaunchEvent) {
    state.withLock { state in
      switch event {
      case .started(let attempt): state.running.insert(attempt)
      case .refused(let attempt, _): state.running.remove(attempt)
      case .progress, .notice, .placed, .late, .cluster: break
      case .ended(let attempt, let report):
        state.running.remove(attempt)
        state.ended[attempt] = report
      }
    }
    source.yield(event)
  }

  /// Lets each attempt end by itself from now on when it is asked to.
  package func obey() { state.withLock { $0.obeys = true } }

  /// Keeps attempts for the next runner.
  package func keep(_ attempts: AttemptID...) { state.withLock { $0.kept = Set(attempts) } }

  /// Says from now on that each attempt exists, as soon as it is launched.
  package func startAtOnce() { state.withLock { $0.startsAtOnce = true } }

  /// What is measured from now on.
  package func measure(_ samples: [AttemptID: UsageSample], machine: MachineSample = MachineSample()) {
    state.withLock { state in
      state.samples = samples
      state.machine = machine
    }
  }

  /// What was launched.
  package func plan(of attempt: AttemptID) -> LaunchPlan? { state.withLock { $0.plans[attempt] } }

  package func takeOver(open: [KeptAttempt]) async throws -> [AttemptID] {
    journal.append("\(name)take over \(open.map { "\($0.attempt) of \($0.plugin)" })")
    let (kept, ended) = state.withLock { ($0.kept, $0.ended) }
    for attempt in open.map(\.attempt) {
      if let report = ended[attempt] { source.yield(.ended(attempt, report)) }
    }
    return open.map(\.attempt).filter { kept.contains($0) || ended[$0] != nil }
  }

  package func launch(_ plan: LaunchPlan) async {
    let startsAtOnce = state.withLock { state in
      state.plans[plan.attempt] = plan
      return state.startsAtOnce
    }
    journal.append("\(name)launch \(plan.attempt)")
    if startsAtOnce { say(.started(plan.attempt)) }
  }

  package func release(_ attempts: [AttemptID]) async {
    state.withLock { state in for attempt in attempts { state.ended[attempt] = nil } }
    for attempt in attempts { journal.append("\(name)release \(attempt)") }
  }

  package func terminate(_ attempt: AttemptID) async {
    journal.append("\(name)terminate \(attempt)")
    guard state.withLock({ $0.obeys }) else { return }
    let word = HandlerWord.failed(Failure(code: "cancelled", message: "asked to stop", isRetryable: false))
    say(.ended(attempt, AttemptReport(exit: .exited(code: 1), usage: Usage(), word: word)))
  }

  package func kill(_ attempt: AttemptID) async { journal.append("\(name)kill \(attempt)") }

  package func hosts() async -> [WarmHostState] { [] }
  package func reclaim() async { journal.append("\(name)reclaim") }

  package func freeze(_ attempt: AttemptID) async { journal.append("\(name)freeze \(attempt)") }
  package func thaw(_ attempt: AttemptID) async { journal.append("\(name)thaw \(attempt)") }

  package func sample() async -> (attempts: [AttemptID: UsageSample], machine: MachineSample) {
    journal.append("\(name)sample")
    return state.withLock { ($0.samples, $0.machine) }
  }

  /// Leaves something behind that an audit finds.
  package func plant(_ leak: Leak) { state.withLock { $0.planted.append(leak) } }

  package func audit(expecting: Set<AttemptID>) async -> Audit {
    journal.append("\(name)audit \(expecting.sorted())")
    return state.withLock { state in
      let unknown = state.running.subtracting(expecting).map { Leak(.attempt, "\($0) runs") }
      let missing = expecting.subtracting(state.running).subtracting(state.ended.keys)
        .map { Leak(.attempt, "\($0) is missing") }
      let unreleased = Set(state.ended.keys).subtracting(expecting).map { Leak(.attempt, "\($0) has ended") }
      let found = Set(unknown + missing + unreleased + state.planted)
      let leaks = found.intersection(state.suspects)
      state.running = state.running.filter { !leaks.contains(Leak(.attempt, "\($0) runs")) }
      for id in state.ended.keys where leaks.contains(Leak(.attempt, "\(id) has ended")) {
        state.ended[id] = nil
      }
      state.planted.removeAll { leaks.contains($0) }
      state.suspects = found.subtracting(leaks)
      return Audit(leaks: leaks.sorted { $0.text < $1.text }, hasSuspects: !state.suspects.isEmpty)
    }
  }

  package func describe(_ file: String) async throws -> Plugin {
    throw TestFailure("a fake launcher describes no plugin: `\(file)`")
  }
}
