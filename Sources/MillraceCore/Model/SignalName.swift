/// The names of signals as Linux numbers them on x86-64 and arm64 (signal(7)).
package enum SignalName {
  /// Returns a signal's name with what it stands for: "SIGSEGV (segmentation fault)"; "signal 40" for one
  /// without a name.
  package static func text(of signal: Int32) -> String {
    guard (1...Int32(names.count)).contains(signal) else { return "signal \(signal)" }
    let (name, words) = names[Int(signal) - 1]
    return "SIG\(name) (\(words))"
  }

  private static let names: [(String, String)] = [
    ("HUP", "hangup"), ("INT", "interrupt"), ("QUIT", "quit"), ("ILL", "illegal instruction"),
    ("TRAP", "trap"), ("ABRT", "abort"), ("BUS", "bus error"), ("FPE", "arithmetic error"),
    ("KILL", "kill"), ("USR1", "user signal 1"), ("SEGV", "segmentation fault"), ("USR2", "user signal 2"),
    ("PIPE", "broken pipe"), ("ALRM", "alarm"), ("TERM", "termination"), ("STKFLT", "stack fault"),
    ("CHLD", "child ended"), ("CONT", "continue"), ("STOP", "stop"), ("TSTP", "stop of the terminal"),
    ("TTIN", "input from the terminal"), ("TTOU", "output to the terminal"), ("URG", "urgent data"),
    ("XCPU", "processor time limit"), ("XFSZ", "file size limit"), ("VTALRM", "virtual alarm"),
    ("PROF", "profiling alarm"), ("WINCH", "window size"), ("IO", "input or output possible"),
    ("PWR", "power failure"), ("SYS", "bad system call"),
  ]
}
