import MillraceCore
import Synchronization
import TestSupport

/// Which calls of a store go wrong in a storm, by lot.
final class Lottery: Sendable {
  private struct State {
    var random: SeededGenerator
    /// How often a call fails, in percent.
    var odds = 0
    var faults: [StoreFault] = []
  }

  private let state: Mutex<State>
  /// Whose runner may die with a call; nil if none does.
  private let victim: StormMachine?

  init(seed: UInt64, victim: StormMachine?) {
    state = Mutex(State(random: SeededGenerator(seed: seed)))
    self.victim = victim
  }

  func set(odds: Int, faults: [StoreFault] = []) {
    state.withLock { state in
      state.odds = odds
      state.faults = faults
    }
  }

  /// Draws for one call. A write that is told as failed and is there happens only to a runner that dies of
  /// it: see `FaultyDiskTests`. A runner may also die after its write and before it acts on it.
  func draw() -> FaultyJobStore.Draw? {
    state.withLock { state in
      guard Int.random(in: 0..<100, using: &state.random) < state.odds else { return nil }
      let fault = state.faults.randomElement(using: &state.random) ?? .busy
      guard let victim, state.random.oneIn(4) else { return .fails(fault) }
      victim.killRunner()
      return state.random.oneIn(2) ? .isTorn(fault) : nil
    }
  }
}
