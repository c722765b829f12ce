import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// An attempt that runs, as the supervisor has it: its warden.
struct RunningAttempt {
  let place: Int
  let warden: Int32
  var link: BatchLink
  var clock: StopClock
  /// How many processes the kernel had killed for want of memory when it began.
  let killsBefore: Int64?

  /// Has the warden do what is due.
  mutating func take(_ step: StopClock.Step?) {
    switch step {
    case .terminate: link.post(BatchLink.news(MILLRACE_BATCH_TERMINATE, attempt: place))
    case .kill: link.post(BatchLink.news(MILLRACE_BATCH_KILL, attempt: place))
    case .force: CMillraceLinux.kill(warden, SIGKILL)
    case nil: break
    }
  }
}
