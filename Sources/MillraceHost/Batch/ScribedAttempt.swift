import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// What the scribe keeps of an attempt that it has claimed, until its end is in the spool.
struct ScribedAttempt {
  let names: BundleAttempt
  /// The ends of the pipes that the scribe reads, and the outcome file in memory; -1 while there is none.
  private(set) var log: Int32 = -1
  private(set) var channel: Int32 = -1
  private(set) var outcome: Int32 = -1
  private var output: BoundedLog
  /// How it ended; nil while it runs.
  var end: millrace_batch_news?
  /// Which stop the supervisor was told of.
  var toldStop: StopReason?
  private var progress = millrace_progress()
  private var isProgressNew = false
  private var progressDue: Int64 = 0
  private var savedGeneration: UInt64 = 0

  /// How often progress goes to the spool at most, in ms.
  private static let progressMilliseconds: Int64 = 200
  /// How much of a log is read before something else has its turn.
  private static let turn = 256 << 10
  /// How often that is done at the end: more than the largest pipe of an ordinary user, 1 MiB.
  private static let lastTurns = 8

  init(_ names: BundleAttempt, maximumLog: Int) {
    self.names = names
    output = BoundedLog(name: names.file("log"), cap: maximumLog)
  }

  /// Makes what its process writes to. Returns the process's ends of the log and the channel.
  mutating func open() throws(HostError) -> (log: Int32, channel: Int32) {
    let hint = "raise the limit of open files"
    outcome = try check(millrace_memfd_create("outcome"), "cannot make a file in memory", hint: hint)
    var ends: [Int32] = [-1, -1]
    try check(millrace_pipe(&ends), "cannot make a pipe", hint: hint)
    log = ends[0]
    millrace_set_nonblocking(log, 1)
    let theirLog = ends[1]
    let made = millrace_packet_pipe(&ends)
    if made < 0 { close(theirLog) }
    try check(made, "cannot make a channel", hint: hint)
    channel = ends[0]
    return (theirLog, ends[1])
  }

  /// When progress is to be written, in ms; nil if there is none.
  var dueProgress: Int64? { isProgressNew ? progressDue : nil }

  /// Reads some of the log into the spool. Returns whether more may be there.
  mutating func readLog(to spool: SpoolDirectory) -> Bool {
    guard log >= 0 else { return false }
    var block = [UInt8](repeating: 0, count: 64 << 10)
    for _ in 0..<(ScribedAttempt.turn / block.count) {
      let count = CMillraceLinux.read(log, &block, block.count)
      if count > 0 {
        output.append(block[..<count], to: spool)
        continue
      }
      if count < 0 && (millrace_error() == EINTR || millrace_error() == EAGAIN) { return false }
      close(log)
      log = -1
      return false
    }
    return true
  }

  /// Takes in the progress that has come: the newest counts.
  mutating func readProgress() {
    guard channel >= 0 else { return }
    let size = MemoryLayout<millrace_progress>.size
    while true {
      var packet = millrace_progress()
      let count = withUnsafeMutableBytes(of: &packet) { CMillraceLinux.read(channel, $0.baseAddress, size) }
      if count < 0 && (millrace_error() == EINTR || millrace_error() == EAGAIN) { return }
      guard count > 0 else {
        close(channel)
        channel = -1
        return
      }
      guard count == size, packet.magic == UInt32(MILLRACE_PROGRESS_MAGIC) else { continue }
      progress = packet
      isProgressNew = true
    }
  }

  /// Writes progress into the spool.
  mutating func writeProgress(to spool: SpoolDirectory, at now: Int64) throws(HostError) {
    isProgressNew = false
    progressDue = now + ScribedAttempt.progressMilliseconds
    // Not a number is none.
    let fraction = progress.fraction > 0 ? min(progress.fraction, 1) : 0
    let millionths = Int(fraction * 1_000_000)
    let digits = String(1_000_000 + millionths % 1_000_000).utf8.dropFirst()
    var lines = SpoolLines()
    lines.add("fraction \(millionths / 1_000_000).\(String(decoding: digits, as: UTF8.self))")
    let message = SpoolText.plain(progress.message)
    if !message.isEmpty { lines.add("message", message) }
    try spool.replace(names.file("progress"), lines.bytes)
  }

  /// Saves the checkpoint for the case that the node is lost, if there is a new one.
  mutating func saveCheckpoint(to spool: SpoolDirectory, maximumResult: Int) throws(HostError) {
    guard end == nil, outcome >= 0, OutcomeCopy.generation(of: outcome) != savedGeneration else { return }
    let copy = OutcomeCopy(outcome, maximumResult: maximumResult, isWhole: false)
    try spool.replace(names.file("outcome"), lasts: false) { copy.write(to: $0) }
    savedGeneration = copy.generation
  }

  /// Writes all that is left of an attempt that has ended, and then that it has: in this order on the disk,
  /// so that whoever sees the end has the rest.
  mutating func record(
    _ end: millrace_batch_news, in spool: SpoolDirectory, node: String, maximumResult: Int
  ) throws(HostError) {
    // Bounded: no process is left, but somebody else may hold a descriptor.
    for _ in 0..<ScribedAttempt.lastTurns where readLog(to: spool) {}
    readProgress()
    if isProgressNew { try writeProgress(to: spool, at: 0) }
    guard output.close(in: spool) else {
      throw HostError("cannot write `\(names.file("log"))` in the spool", hint: "look at its space")
    }
    if outcome >= 0 {
      let copy = OutcomeCopy(outcome, maximumResult: maximumResult, isWhole: true)
      try spool.replace(names.file("outcome"), lasts: true) { copy.write(to: $0) }
    }
    try spool.replace(names.file("ended"), ScribedAttempt.lines(of: end, node: node), lasts: true)
  }

  /// The text that says how an attempt ended.
  static func lines(of end: millrace_batch_news, node: String) -> [UInt8] {
    var lines = SpoolLines()
    lines.add("node \(node)")
    switch end.code {
    case 0: lines.add("fault", SpoolText.plain(end.text))
    case Int32(CLD_EXITED): lines.add("exit \(end.status)")
    default: lines.add("signal \(end.status)")
    }
    lines.add("time \(end.ended_us)")
    if let stopped = StopReason(rawValue: end.stopped) { lines.add("stopped \(stopped.word)") }
    guard end.code != 0 else { return lines.bytes }
    lines.add("started \(end.started_us)")
    lines.add("cpu-user \(end.cpu_user_us)")
    lines.add("cpu-system \(end.cpu_system_us)")
    lines.add("memory-peak \(end.memory_peak)")
    lines.add("memory-source \(end.is_peak_of_group != 0 ? "cgroup" : "rusage")")
    if end.has_oom_kills != 0 { lines.add("oom-kills \(end.oom_kills)") }
    return lines.bytes
  }

  /// Lets go of what is open.
  func release() {
    output.release()
    for descriptor in [log, channel, outcome] where descriptor >= 0 { close(descriptor) }
  }
}
