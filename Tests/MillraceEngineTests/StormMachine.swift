import MillraceCore
import MillraceEngine
import Synchronization
import TestSupport

/// Processes without a machine, which outlive the runner: what really happened, against what is on record.
///
/// It breaks no rule itself and notes those that the engine breaks. Nothing here happens by itself: the storm
/// ends processes and delivers events.
final class StormMachine: Launcher {
  fileprivate struct State {
    var random: SeededGenerator
    /// What runs, in the order of the starts.
    var alive: [AttemptID] = []
    /// What ended and is not released.
    var ended: [AttemptID: AttemptReport] = [:]
    var events: [LaunchEvent] = []
    var launched: Set<AttemptID> = []
    var truth: [AttemptID: AttemptReport] = [:]
    var violations: [String] = []
    var isRunnerDead = false
    var isShort = false
  }

  private let state: Mutex<State>
  private let record: MemoryJobStore
  private let journal: Journal<String>
  let events: AsyncStream<LaunchEvent>

  init(seed: UInt64, record: MemoryJobStore, journal: Journal<String>) {
    state = Mutex(State(random: SeededGenerator(seed: seed)))
    self.record = record
    self.journal = journal
    events = AsyncStream { $0.finish() }
  }

  /// The rules that were broken.
  var violations: [String] { state.withLock { $0.violations } }
  /// The attempts that run.
  var running: [AttemptID] { state.withLock { $0.alive } }
  /// How an attempt really ended; nil if it has not, or never ran.
  func truth(of attempt: AttemptID) -> AttemptReport? { state.withLock { $0.truth[attempt] } }
  /// Whether its process ever existed.
  func hasRun(_ attempt: AttemptID) -> Bool { state.withLock { $0.launched.contains(attempt) } }
  /// Whether the runner has died in the middle of something.
  var isRunnerDead: Bool { state.withLock { $0.isRunnerDead } }

  /// The runner dies at once: what it goes on to do has no effect.
  func killRunner() { state.withLock { $0.isRunnerDead = true } }

  /// Lets the machine's memory be short, or not.
  func makeShort(_ isShort: Bool) { state.withLock { $0.isShort = isShort } }

  /// A new runner connects: nothing of the former one is under way any more.
  func meetNewRunner() {
    state.withLock { state in
      state.isRunnerDead = false
      state.events = []
    }
  }

  /// Takes the oldest event that the runner has not heard of.
  func nextEvent() -> LaunchEvent? {
    state.withLock { $0.events.isEmpty ? nil : $0.events.removeFirst() }
  }

  /// Lets a running process end in its own way.
  func end(_ attempt: AttemptID, _ report: AttemptReport) {
    journal.append("end \(attempt)")
    state.withLock { $0.end(attempt, report) }
  }

  func launch(_ plan: LaunchPlan) async {
    guard !isRunnerDead else { return }
    // Memory only: no fault of the store's disk shows here.
    let attempt = try? await record.attempts(of: plan.attempt.job).last
    state.withLock { state in
      let id = plan.attempt
      journal.append("launch \(id)")
      state.demand(
        attempt?.id == id && attempt?.end == nil, "\(id) is launched, but its start is not on record")
      state.demand(state.launched.insert(id).inserted, "\(id) is launched twice")
      state.demand(!state.alive.contains { $0.job == id.job }, "\(id) runs beside another attempt")
      if state.random.oneIn(12) {
        state.events.append(.refused(id, reason: "no process"))
      } else {
        state.alive.append(id)
        state.events.append(.started(id))
      }
    }
  }

  func takeOver(open: [KeptAttempt]) async throws -> [AttemptID] {
    state.withLock { state in
      let asked = Set(open.map(\.attempt))
      for id in state.alive where !asked.contains(id) {
        state.demand(false, "\(id) runs, and the record does not know it")
      }
      let ends = open.compactMap { kept in state.ended[kept.attempt].map { (kept.attempt, $0) } }
      state.events += ends.map { .ended($0, $1) }
      let kept = open.map(\.attempt).filter { id in
        state.ended[id] != nil || state.alive.contains(id)
      }
      journal.append("take over \(kept)")
      return kept
    }
  }

  func hosts() async -> [WarmHostState] { [] }
  func reclaim() async {}
  func audit(expecting: Set<AttemptID>) async -> Audit { Audit() }

  func release(_ attempts: [AttemptID]) async {
    journal.append("release \(attempts)")
    state.withLock { state in if !state.isRunnerDead { for id in attempts { state.ended[id] = nil } } }
  }

  func terminate(_ attempt: AttemptID) async {
    journal.append("terminate \(attempt)")
    state.withLock { state in
      guard !state.isRunnerDead, !state.random.oneIn(2) else { return }  // Some don't listen.
      state.end(attempt, AttemptReport(exit: .signalled(signal: 15), usage: Usage(), word: nil))
    }
  }

  func kill(_ attempt: AttemptID) async {
    journal.append("kill \(attempt)")
    state.withLock { state in if !state.isRunnerDead { state.end(attempt, .killed) } }
  }

  func freeze(_ attempt: AttemptID) async { journal.append("freeze \(attempt)") }
  func thaw(_ attempt: AttemptID) async { journal.append("thaw \(attempt)") }

  func sample() async -> (attempts: [AttemptID: UsageSample], machine: MachineSample) {
    let isShort = state.withLock { $0.isShort }
    return (
      [:], MachineSample(memoryTotal: .gibibytes(100), memoryAvailable: .gibibytes(isShort ? 1 : 90))
    )
  }

  func describe(_ file: String) async throws -> Plugin {
    throw TestFailure("a storm describes no plugin: `\(file)`")
  }
}

extension StormMachine.State {
  fileprivate mutating func demand(_ isTrue: Bool, _ rule: String) { if !isTrue { violations.append(rule) } }

  fileprivate mutating func end(_ attempt: AttemptID, _ report: AttemptReport) {
    guard let index = alive.firstIndex(of: attempt) else { return }
    alive.remove(at: index)
    truth[attempt] = report
    ended[attempt] = report
    events.append(.ended(attempt, report))
  }
}
