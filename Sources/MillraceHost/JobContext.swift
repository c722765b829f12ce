import CMillrace
import CMillraceLinux
import CMillraceLinux.Libc

/// What a running handler talks to: the functions of `millrace_context`. They may be called from any thread.
final class JobContext {
  private let outcome: Outcome
  private let channel: Int32
  /// Guards all that follows, and the outcome. At a fixed place, as pthreads want it.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private var progress = millrace_progress()
  private var progressIsUnsent = false
  private var isSnoozed = false
  private var lastProgressNanoseconds: Int64 = -progressIntervalNanoseconds

  /// How often progress is sent at most; what comes between waits for the next call or the end.
  private static let progressIntervalNanoseconds: Int64 = 50_000_000

  init(outcome: Outcome, channel: Int32) {
    self.outcome = outcome
    self.channel = channel
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_mutex_t())
    progress.magic = UInt32(MILLRACE_PROGRESS_MAGIC)
  }

  /// Runs the handler and makes the outcome valid. Returns the exit code.
  func run(_ handler: millrace_handler, _ job: millrace_job) -> Int32 {
    guard let run = handler.run else { preconditionFailure("the library was checked") }
    var job = job
    var functions = millrace_context()
    functions.size = MemoryLayout<millrace_context>.size
    functions.host = Unmanaged.passUnretained(self).toOpaque()
    functions.log = { _, level, message, fields, count in
      JobContext.log(level, message, fields, count)
    }
    functions.progress = { context, fraction, message in
      JobContext.of(context)?.setProgress(fraction, message) ?? JobContext.failed
    }
    functions.set_result = { context, bytes, length, mediaType in
      JobContext.of(context)?.setResult(bytes, length, mediaType) ?? JobContext.failed
    }
    functions.cancelled = { _ in millrace_terminated() }
    functions.fail = { context, code, message, retryable in
      JobContext.of(context)?.fail(code, message, retryable)
      return JobContext.failed
    }
    functions.snooze = { context, delay, why in
      JobContext.of(context)?.snooze(delay, why) ?? JobContext.failed
    }
    functions.checkpoint = { context, bytes, length in
      JobContext.of(context)?.saveCheckpoint(bytes, length) ?? JobContext.failed
    }
    let returned = run(&job, &functions)
    return finish(returned, handler)
  }

  private static var done: Int32 { Int32(MILLRACE_OK) }
  private static var failed: Int32 { Int32(MILLRACE_FAILED) }

  private static func of(_ context: UnsafePointer<millrace_context>?) -> JobContext? {
    guard let host = context?.pointee.host else { return nil }
    return Unmanaged<JobContext>.fromOpaque(host).takeUnretainedValue()
  }

  private static func log(
    _ level: Int32, _ message: UnsafePointer<CChar>?, _ fields: UnsafePointer<millrace_field>?, _ count: Int
  ) -> Int32 {
    guard let message, count >= 0, fields != nil || count == 0 else { return failed }
    return LogLine(level: level, message: message, fields: fields, count: count).emit() ? done : failed
  }

  /// Says in the job's log why a call of the handler did nothing.
  private static func complain(_ words: String) -> Int32 {
    words.withCPointer { _ = LogLine(level: Int32(MILLRACE_LOG_ERROR), message: $0).emit() }
    return failed
  }

  private func setProgress(_ fraction: Double, _ message: UnsafePointer<CChar>?) -> Int32 {
    pthread_mutex_lock(lock)
    progress.fraction = fraction > 0 ? min(fraction, 1) : 0
    if let message {
      FixedText.store(message, in: &progress.message)
    } else {
      progress.message.0 = 0
    }
    let now = JobContext.now()
    let isDue = now - lastProgressNanoseconds >= JobContext.progressIntervalNanoseconds
    progressIsUnsent = !isDue
    if isDue { lastProgressNanoseconds = now }
    var packet = progress
    pthread_mutex_unlock(lock)
    // Outside of the lock: a thread may be cancelled in `write`.
    if isDue { send(&packet) }
    return JobContext.done
  }

  /// Sends progress; a runner that doesn't keep up misses some, which is fine: the newest counts.
  private func send(_ packet: UnsafePointer<millrace_progress>) {
    millrace_write_packet(channel, packet, MemoryLayout<millrace_progress>.size)
  }

  private func setResult(
    _ bytes: UnsafeRawPointer?, _ length: Int, _ mediaType: UnsafePointer<CChar>?
  ) -> Int32 {
    // The length is unsigned in C.
    guard length >= 0, length <= outcome.maximumResult else {
      return JobContext.complain(
        "the result of \(UInt(bitPattern: length)) bytes is over the limit of \(outcome.maximumResult)")
    }
    guard bytes != nil || length == 0 else { return JobContext.complain("the result's bytes are NULL") }
    if let mediaType, strnlen(mediaType, 128) == 128 {
      return JobContext.complain("the result's media type is longer than 127 bytes")
    }
    pthread_mutex_lock(lock)
    outcome.setResult(UnsafeRawBufferPointer(start: bytes, count: length), mediaType: mediaType)
    pthread_mutex_unlock(lock)
    return JobContext.done
  }

  private func fail(_ code: UnsafePointer<CChar>?, _ message: UnsafePointer<CChar>?, _ retryable: Int32) {
    pthread_mutex_lock(lock)
    outcome.setFailure(code: code, message: message, retryable: retryable != 0)
    isSnoozed = false
    pthread_mutex_unlock(lock)
  }

  private func snooze(_ milliseconds: Int64, _ why: UnsafePointer<CChar>?) -> Int32 {
    guard (0...Int64(MILLRACE_SNOOZE_MAX_MS)).contains(milliseconds) else {
      return JobContext.complain("a snooze of \(milliseconds) ms is not between 0 and a year")
    }
    pthread_mutex_lock(lock)
    outcome.setSnooze(milliseconds: milliseconds, why: why)
    isSnoozed = true
    pthread_mutex_unlock(lock)
    return Int32(MILLRACE_SNOOZED)
  }

  private func saveCheckpoint(_ bytes: UnsafeRawPointer?, _ length: Int) -> Int32 {
    // The length is unsigned in C.
    guard length >= 0, length <= Outcome.slotSize else {
      return JobContext.complain(
        "the checkpoint of \(UInt(bitPattern: length)) bytes is over the limit of \(Outcome.slotSize)")
    }
    guard bytes != nil || length == 0 else { return JobContext.complain("the checkpoint's bytes are NULL") }
    pthread_mutex_lock(lock)
    outcome.saveCheckpoint(UnsafeRawBufferPointer(start: bytes, count: length))
    pthread_mutex_unlock(lock)
    return JobContext.done
  }

  private func finish(_ returned: Int32, _ handler: millrace_handler) -> Int32 {
    // Never unlocked: a thread that still runs has nothing more to say.
    pthread_mutex_lock(lock)
    if progressIsUnsent { send(&progress) }
    let isDone = returned == JobContext.done
    if returned == Int32(MILLRACE_SNOOZED) && isSnoozed {
      outcome.finish(.snoozed)
      return ExitCode.done
    }
    if !isDone && !outcome.hasFailure {
      let name = handler.name.map { String(cString: $0) } ?? ""
      outcome.setFailure(code: "failed", message: "handler `\(name)` returned \(returned) and gave no reason")
    }
    outcome.finish(isDone ? .done : .failed)
    return isDone ? ExitCode.done : ExitCode.failed
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
