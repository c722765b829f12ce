import FoundationEssentials
import MillraceWire
import TestSupport

@testable import MillraceCore
@testable import millrace

/// What a runner answers to `top`.
enum TopSample {
  /// A runner that is up for an hour with these rows.
  static func view(running: [TopRow] = [], queued: [TopRow] = []) -> TopView {
    var status = StatusView(
      version: "0.1.0", pid: 7, started: Wire.text(of: Sample.time(0)), queued: 120, scheduled: 4,
      running: running.count,
      capacity: Resources(slots: 4, memory: .gibibytes(2), committed: .gibibytes(3), cpuMillis: 4000),
      used: Resources(slots: 3, memory: .gibibytes(1), committed: .gibibytes(1), cpuMillis: 3900))
    status.held = 1
    status.notices = [NoticeView(time: Sample.time(60), text: "look \u{1b}[31mhere")]
    return TopView(status: status, running: running, queued: queued)
  }

  /// An attempt that has run since `seconds`.
  static func running(
    _ job: Int64, _ handler: String, since seconds: Int64 = 0, memory: Bytes? = nil, cpuMillis: Int64? = nil,
    labels: [String: String] = [:], progress: Progress? = nil, priority: Int = 5,
    change: (inout Top.Running) -> Void = { _ in }
  ) -> TopRow {
    var attempt = Top.Running(
      id: AttemptID(job: JobID(job), number: 1), handler: handler, jobClass: nil,
      priority: Priority(rawValue: priority) ?? .default, limits: Sample.terms.limits,
      admitted: Sample.time(seconds), started: Sample.time(seconds), frozenSince: nil, stop: nil,
      memory: memory, cpuMillis: cpuMillis)
    change(&attempt)
    return TopRow(attempt, labels: labels, progress: progress)
  }

  /// A job that waits for a slot.
  static func queued(_ job: Int64, _ handler: String, held: Bool = false) -> TopRow {
    TopRow(
      Top.Queued(
        id: JobID(job), handler: handler, jobClass: "nightly", priority: .default,
        limits: Sample.terms.limits, since: Sample.time(0), isHeld: held,
        gate: GateVerdict(gate: .slots, isOpen: false, need: 1, used: 4, capacity: 4)))
  }

  /// Three attempts, of which one is frozen, and two jobs that wait.
  static let usual = view(
    running: [
      running(
        1, "exec", since: 3540, memory: .mebibytes(16), cpuMillis: 1503,
        progress: Progress(fraction: 0.43, message: "読む \u{1b}]0;evil\u{7}\nx")),
      running(2, "thumbnail", since: 0, memory: .mebibytes(48), cpuMillis: 10, labels: ["team": "a"]) {
        $0.frozenSince = Sample.time(9)
      },
      running(3, "wordcount", since: 1800) { $0.started = nil },
    ], queued: [queued(10, "checksum"), queued(11, "exec", held: true)])

  /// The time at which that is seen: after an hour.
  static let time = Sample.time(3600)

  /// A state that has seen a view.
  static func state(_ view: TopView = usual) -> TopState {
    var state = TopState()
    state.take(view, at: time)
    return state
  }

  /// Returns the view as the runner sends it.
  static func json(_ value: some Encodable) -> String {
    do {
      return String(decoding: try Wire.encoder().encode(value), as: UTF8.self)
    } catch {
      return "\(error)"
    }
  }
}
