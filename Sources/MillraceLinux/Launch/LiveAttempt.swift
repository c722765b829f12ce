import CMillraceLinux
import Glibc
import MillraceCore
import MillraceEngine

/// An attempt that has processes or soon will, with everything that must be let go at its end.
final class LiveAttempt {
  /// Why it is run.
  enum Purpose {
    case job
    /// Its plugin is only described; killed at `deadline` (monotonic, in ms).
    case description(CheckedContinuation<Plugin, any Error>, file: String, deadline: Int64)
  }

  let id: AttemptID
  /// Never used twice: what epoll reports can't be taken for another attempt.
  let serial: UInt64
  let purpose: Purpose
  /// The group of its plugin, by name.
  let group: String
  let leaf: Leaf
  let outcome: Descriptor
  /// The read end of the pipe that is its stdout and stderr.
  let log: Descriptor
  /// Our end of the channel on which it reports progress.
  let channel: Descriptor
  /// As whom it runs; nil for one that a former runner started.
  var identity: LaunchSettings.Identity?
  /// How it is started; nil for one that only describes.
  var tier: StartTier?
  /// The warm host that was asked for its process, and what to start it again with; until there is one.
  var host: UInt32?
  var plan: LaunchPlan?
  /// Its main process; nil until the keeper has made it.
  var process: MainProcess?
  /// Whether the keeper that is there has it.
  var isHeld = false
  /// Whether the keeper that is there is its parent and tells its end.
  var isChild = true
  /// Whether its output and its channel are waited for: not any more at their ends.
  var isLogWatched = false
  var isChannelWatched = false
  /// Whether its end is seen here, by its main process.
  var isWatched = false
  /// While nobody has reaped its main process: until when that is waited for, monotonic in ms.
  var exitDeadline: Int64?
  /// How its main process ended; set once it has.
  var exit: ProcessExit?
  /// Whether its main process exists or existed.
  var isStarted = false
  /// Whether its main process is gone: the leaf is emptied and then it is over.
  var isEnding = false
  /// Whether its processes are stopped where they are.
  var isFrozen = false
  /// Whether it was said that its usage can't be read.
  var isUnreadable = false
  /// Whether nobody wants to hear how it ends.
  var isDisowned = false
  /// Whether a description took too long and was killed.
  var isLate = false
  /// A signal that was asked for before the main process existed.
  var earlySignal: Int32?
  /// There while processes are waited for after the main one is gone.
  var emptying: Emptying?
  /// The newest progress that nobody was told of yet.
  private(set) var progress: Progress?
  /// When progress may be told again, monotonic in ms: a flood must not fill the runner's memory.
  private var nextProgress: Int64 = 0

  init(
    id: AttemptID, serial: UInt64, purpose: Purpose, group: String, leaf: Leaf,
    outcome: consuming Descriptor, log: consuming Descriptor, channel: consuming Descriptor
  ) {
    self.id = id
    self.serial = serial
    self.purpose = purpose
    self.group = group
    self.leaf = leaf
    self.outcome = outcome
    self.log = log
    self.channel = channel
  }

  /// What a keeper holds of it, in the order of the protocol.
  func descriptors(with process: MainProcess) -> [Int32] {
    [outcome.number, log.number, channel.number, process.descriptor.number]
  }

  var isJob: Bool { if case .job = purpose { true } else { false } }

  /// When it is too late for a description, monotonic in ms; nil for a job.
  var descriptionDeadline: Int64? {
    if case .description(_, _, let deadline) = purpose { deadline } else { nil }
  }

  /// When something is to be done about it without an event, monotonic in ms; nil for never.
  var deadline: Int64? {
    var next = isLate ? nil : descriptionDeadline
    for time in [progressTime, exitDeadline, emptying?.nextKill] where time != nil {
      next = min(next ?? .max, time ?? .max)
    }
    return next
  }

  /// The least time between two tellings of progress, in ms.
  private static let progressInterval: Int64 = 100

  /// When progress is to be told, monotonic in ms; nil if there is none.
  var progressTime: Int64? { progress == nil ? nil : nextProgress }

  /// Takes the newest progress out, to tell of it at a time (monotonic, in ms); nil if there is none.
  func takeProgress(at now: Int64) -> Progress? {
    defer { progress = nil }
    if progress != nil { nextProgress = now + Self.progressInterval }
    return progress
  }

  /// Reads the channel; returns false at its end. What is no progress is dropped.
  func receiveProgress() -> Bool {
    var packet = millrace_progress()
    let size = MemoryLayout<millrace_progress>.size
    for _ in 0..<64 {  // A flood must not keep the others waiting.
      let got = withUnsafeMutableBytes(of: &packet) {
        read(channel.number, $0.baseAddress, size)
      }
      if got < 0 { return errno == EAGAIN || errno == EINTR }
      if got == 0 { return false }
      guard got == size, packet.magic == MILLRACE_PROGRESS_MAGIC, packet.fraction.isFinite else { continue }
      progress = Progress(fraction: min(max(packet.fraction, 0), 1), message: text(of: packet.message))
    }
    return true
  }

  /// Hands the output that is there to `body`, at most 256 KiB; returns false at the end of the output.
  func readLog(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
    withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 16) { buffer in
      for _ in 0..<4 {
        let count = Glibc.read(log.number, buffer.baseAddress, buffer.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        if count == 0 { return false }
        body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
      }
      return true
    }
  }
}
