package import MillraceCore
package import MillraceEngine
import Synchronization

/// A launcher without processes: it writes down what it is asked, and a test says what happens.
package final class FakeLauncher: Launcher {
  private struct State {
    var plans: [AttemptID: LaunchPlan] = [:]
    var kept: Set<AttemptID> = []
    var samples: [AttemptID: UsageSample] = [:]
    var machine = MachineSample()
    var startsAtOnce = false
  }

  private let state = Mutex(State())
  private let journal: Journal<String>
  private let source: AsyncStream<LaunchEvent>.Continuation
  package let events: AsyncStream<LaunchEvent>

  /// Makes a launcher that writes into `journal`: "launch 1.1", "terminate 1.1", "kill 1.1", "freeze 1.1",
  /// "thaw 1.1", "sample".
  package init(journal: Journal<String>) {
    self.journal = journal
    (events, source) = AsyncStream.makeStream()
  }

  /// Tells the engine what happens.
  package func say(_ event: LaunchEvent) { source.yield(event) }

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
    journal.append("take over \(open.map { "\($0.attempt) of \($0.plugin)" })")
    let kept = state.withLock { $0.kept }
    return open.map(\.attempt).filter { kept.contains($0) }
  }

  package func launch(_ plan: LaunchPlan) async {
    let startsAtOnce = state.withLock { state in
      state.plans[plan.attempt] = plan
      return state.startsAtOnce
    }
    journal.append("launch \(plan.attempt)")
    if startsAtOnce { say(.started(plan.attempt)) }
  }

  package func terminate(_ attempt: AttemptID) async { journal.append("terminate \(attempt)") }
  package func kill(_ attempt: AttemptID) async { journal.append("kill \(attempt)") }

  package func freeze(_ attempt: AttemptID) async { journal.append("freeze \(attempt)") }
  package func thaw(_ attempt: AttemptID) async { journal.append("thaw \(attempt)") }

  package func sample() async -> (attempts: [AttemptID: UsageSample], machine: MachineSample) {
    journal.append("sample")
    return state.withLock { ($0.samples, $0.machine) }
  }

  package func describe(_ file: String) async throws -> Plugin {
    throw TestFailure("a fake launcher describes no plugin: `\(file)`")
  }
}
