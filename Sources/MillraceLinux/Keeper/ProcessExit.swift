import CMillraceLinux
import Glibc
import MillraceCore

/// How and when a main process ended.
struct ProcessExit: Equatable {
  var status: ExitStatus
  var time: Timestamp

  /// Makes one of what waitid(2) says: `code` is CLD_EXITED, or it was a signal.
  init(_ code: Int32, _ status: Int32, _ microseconds: Int64) {
    self.status = code == CLD_EXITED ? .exited(code: status) : .signalled(signal: status)
    time = Timestamp(rawValue: microseconds)
  }

  init(_ ending: millrace_ending) { self.init(ending.code, ending.status, ending.time_us) }
}
