import Foundation
import MillraceCore
import Synchronization
import TestSupport

/// Kills, at moments from a seed, on a thread of its own: the runner, the keeper and processes of jobs, all
/// found in the runner's own cgroups.
final class Assailant: Sendable {
  private let runner: RunnerProcess
  private let ledger: Ledger
  private let measure: Storm.Measure
  private let state: Mutex<State>

  private struct State {
    var random: SeededGenerator
    var isOver = false
    var failure: String?
  }

  init(seed: UInt64, runner: RunnerProcess, ledger: Ledger, measure: Storm.Measure) {
    self.runner = runner
    self.ledger = ledger
    self.measure = measure
    state = Mutex(State(random: SeededGenerator(seed: seed ^ 0xa55a_11a7)))
  }

  /// Whether it has killed all that it was to kill.
  var isOver: Bool { state.withLock { $0.isOver } }
  /// Why it could not go on; nil if it could.
  var failure: String? { state.withLock { $0.failure } }

  func start() { Thread.detachNewThread { self.run() } }

  private func run() {
    var kills = 0
    while kills < measure.kills {
      usleep(draw(pause))
      hurtJobs()
      if isDue(measure.keeperKills) {
        killKeeper()
        // At times both die at once, and what ran can't be found again.
        usleep(draw { $0.oneIn(3) ? 0 : UInt32.random(in: 0...3_000_000, using: &$0) })
      }
      do { try runner.killAndStart() } catch {
        state.withLock { $0.failure = "\(error)" }
        break
      }
      kills += 1
      ledger.note { $0.runnerKills += 1 }
    }
    state.withLock { $0.isOver = true }
  }

  /// Most runners come to work; some die while they start.
  private func pause(_ random: inout SeededGenerator) -> UInt32 {
    UInt32.random(in: random.oneIn(4) ? 0...400_000 : 500_000...5_000_000, using: &random)
  }

  private func draw<Value>(_ body: (inout SeededGenerator) -> Value) -> Value {
    state.withLock { body(&$0.random) }
  }

  /// Whether one of so many in the whole storm falls between two kills of the runner.
  private func isDue(_ count: Int) -> Bool {
    draw { Int.random(in: 0..<max(1, measure.kills), using: &$0) < count }
  }

  private func hurtJobs() {
    guard isDue(measure.jobKills), let leaf = draw({ leaves().randomElement(using: &$0) }) else { return }
    // Noted before it happens: it is allowed to show in the record from now on.
    ledger.note { $0.killed.insert(leaf.attempt) }
    if draw({ $0.oneIn(2) }) {
      // The attempt may have ended meanwhile.
      try? "1".write(toFile: leaf.path + "/cgroup.kill", atomically: false, encoding: .utf8)
    } else if let pid = draw({ processes(in: leaf.path).randomElement(using: &$0) }) {
      kill(pid, SIGKILL)
    }
  }

  private func killKeeper() {
    let before = leaves().map(\.attempt)
    for pid in processes(in: runner.cgroup + "/keeper") { kill(pid, SIGKILL) }
    let after = leaves().map(\.attempt)
    ledger.note { entries in
      entries.keeperKills += 1
      entries.orphaned.formUnion(before + after)
    }
  }

  /// The attempts that run now.
  private func leaves() -> [(attempt: AttemptID, path: String)] {
    let path = runner.cgroup + "/p/witness"
    // Not there before the first job.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.sorted().compactMap { name in AttemptID(fileName: name).map { ($0, "\(path)/\(name)") } }
  }

  private func processes(in group: String) -> [pid_t] {
    // The group may have gone.
    let text = (try? String(contentsOfFile: group + "/cgroup.procs", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { pid_t($0) }.filter { $0 > 1 }
  }
}
