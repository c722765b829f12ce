import MillraceClient
import MillraceCore
import MillraceWire
import Synchronization

/// Shows how far jobs are while a person waits for them.
final class JobProgress: Sendable {
  /// How long the runner must be silent before it is looked again.
  private static let interval = Duration.milliseconds(500)

  private struct State {
    var ended: Set<JobID> = []
    var current: JobID?
  }

  private let client: Client
  private let total: Int
  private let state = Mutex(State())

  /// Shows the progress of so many jobs; nil if nobody looks.
  init?(of total: Int, _ client: Client) {
    guard ProgressLine.isWanted else { return nil }
    self.client = client
    self.total = total
  }

  /// What a client does that waits for them.
  var pulse: Pulse { Pulse(every: Self.interval) { [self] in beat() } }

  /// Takes in which job is waited for.
  func begin(_ job: JobID) { state.withLock { $0.current = job } }

  /// Takes in that a job has ended.
  func end(_ job: JobID) {
    let count = state.withLock { state in
      state.ended.insert(job)
      return state.ended.count
    }
    if total > 1, count < total { ProgressLine.show(Self.text(ended: count, of: total)) }
  }

  private func beat() {
    let (ended, current) = state.withLock { ($0.ended.count, $0.current) }
    var text = total > 1 ? Self.text(ended: ended, of: total) : ""
    // If it can't be told, the wait itself will tell why.
    if let current, let detail = try? client.job(current) {
      text += (text.isEmpty ? "" : "; ") + Self.text(of: detail)
    }
    if !text.isEmpty { ProgressLine.show(text) }
  }

  /// `[###...] 12 of 40 jobs have ended`
  static func text(ended: Int, of total: Int) -> String {
    Bar.text(of: Double(ended) / Double(max(1, total)), cells: 20) + " \(ended) of \(total) jobs have ended"
  }

  /// `job 42 running [###...] 43 % reading`
  static func text(of detail: JobDetail) -> String {
    var text = "job \(detail.job.id) \(detail.job.state.rawValue)"
    if let progress = detail.progress {
      text += " \(Bar.text(of: progress.fraction, cells: 20)) \(Bar.percent(progress.fraction)) %"
      text += " \(progress.message)"
    } else if let gate = detail.gates.first(where: { !$0.isOpen }) {
      text += ", \(gate.gate.rawValue): \(gate.reason)"
    }
    return text
  }
}
