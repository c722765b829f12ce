import CMillraceLinux
import CMillraceLinux.Libc

/// The outcome file of an attempt, mapped before the handler is called: a handler that closes or overwrites
/// every descriptor still leaves its outcome.
struct Outcome {
  let head: UnsafeMutablePointer<millrace_outcome>
  /// The most bytes that a result may have.
  let maximumResult: Int
  private let slots: UnsafeMutableRawPointer

  private static let hint = "this is the runner's fault; update runner and host together"

  /// Maps an outcome file, and grows it to hold the largest result; nil: what it can hold. What is not
  /// written of it takes no memory.
  init(descriptor: Int32, maximumResult: Int? = nil) throws(HostError) {
    let hint = Outcome.hint
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw HostError("cannot look at the outcome file: \(words(for: -millrace_error()))", hint: hint)
    }
    let size =
      maximumResult.map { Outcome.checkpoints(behind: $0) + 2 * Outcome.slotSize } ?? Int(status.st_size)
    if status.st_size < size && ftruncate(descriptor, size) < 0 {
      throw HostError(
        "cannot grow the outcome file to \(size) bytes: \(words(for: -millrace_error()))", hint: hint)
    }
    var place: UnsafeMutableRawPointer?
    if size > 0 {
      try check(millrace_map(descriptor, size, 1, &place), "cannot map the outcome file", hint: hint)
    }
    try self.init(UnsafeMutableRawBufferPointer(start: place, count: size), maximumResult: maximumResult)
  }

  /// Checks that an outcome has room for what it says. `bytes` begin where a page could, and stay.
  init(_ bytes: UnsafeMutableRawBufferPointer, maximumResult: Int?) throws(HostError) {
    guard let place = bytes.baseAddress, bytes.count >= MemoryLayout<millrace_outcome>.size else {
      throw HostError("the outcome file has only \(bytes.count) bytes", hint: Outcome.hint)
    }
    head = place.assumingMemoryBound(to: millrace_outcome.self)
    if let maximumResult { head.pointee.result_capacity = UInt64(maximumResult) }
    let capacity = Int(clamping: head.pointee.result_capacity)
    guard capacity <= bytes.count, Outcome.checkpoints(behind: capacity) + 2 * Outcome.slotSize <= bytes.count
    else { throw HostError("the outcome file has only \(bytes.count) bytes", hint: Outcome.hint) }
    self.maximumResult = capacity
    slots = place + Outcome.checkpoints(behind: capacity)
  }

  /// The longest checkpoint.
  static var slotSize: Int { Int(MILLRACE_CHECKPOINT_SLOT) }

  /// Where the slots of checkpoints begin (MILLRACE_CHECKPOINT_OFFSET).
  private static func checkpoints(behind capacity: Int) -> Int {
    (MemoryLayout<millrace_outcome>.size + capacity + 15) & ~15
  }

  /// How an attempt ended, as far as its process knows.
  enum Status: Int32 {
    case done = 0
    case failed = 1
    case host = 2
    case snoozed = 3
  }

  /// Copies a result; the last one counts. `bytes` are at most `maximumResult`.
  func setResult(_ bytes: UnsafeRawBufferPointer, mediaType: UnsafePointer<CChar>?) {
    precondition(bytes.count <= maximumResult)
    if let source = bytes.baseAddress {
      memcpy(UnsafeMutableRawPointer(head) + MemoryLayout<millrace_outcome>.size, source, bytes.count)
    }
    head.pointee.result_length = UInt64(bytes.count)
    if let mediaType {
      FixedText.store(mediaType, in: &head.pointee.media_type)
    } else {
      FixedText.store("application/octet-stream", in: &head.pointee.media_type)
    }
    head.pointee.has_result = 1
  }

  /// Says why the attempt fails, in the handler's words; the last ones count.
  func setFailure(code: UnsafePointer<CChar>?, message: UnsafePointer<CChar>?, retryable: Bool) {
    setFailure(code: "failed", message: "")
    if let code, code.pointee != 0 { FixedText.store(code, in: &head.pointee.code) }
    if let message { FixedText.store(message, in: &head.pointee.message) }
    head.pointee.retryable = retryable ? 1 : 0
  }

  /// Asks for another run after a time, instead of a failure; the last one of both counts.
  func setSnooze(milliseconds: Int64, why: UnsafePointer<CChar>?) {
    setFailure(code: "", message: "")
    if let why { FixedText.store(why, in: &head.pointee.message) }
    head.pointee.delay_ms = milliseconds
  }

  /// Saves a checkpoint of at most `slotSize` bytes, beside the one before, which counts until this one is
  /// whole.
  func saveCheckpoint(_ bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count <= Outcome.slotSize)
    let generation = head.pointee.checkpoint_generation &+ 1
    let slot = Int(generation & 1)
    if let source = bytes.baseAddress { memcpy(slots + slot * Outcome.slotSize, source, bytes.count) }
    withUnsafeMutableBytes(of: &head.pointee.checkpoint_length) {
      $0.storeBytes(of: UInt64(bytes.count), toByteOffset: slot * 8, as: UInt64.self)
    }
    millrace_publish(&head.pointee.checkpoint_generation, generation)
  }

  /// Whether a failure was set.
  var hasFailure: Bool { head.pointee.code.0 != 0 }

  /// Says why the attempt fails, in the host's words.
  func setFailure(code: StaticString, message: String, retryable: Bool = false) {
    FixedText.store(code.description, in: &head.pointee.code)
    FixedText.store(message, in: &head.pointee.message)
    head.pointee.retryable = retryable ? 1 : 0
  }

  /// Makes the outcome valid. Only this writes the magic number, and it does so last.
  func finish(_ status: Status) {
    if status == .done {
      head.pointee.code.0 = 0
      head.pointee.message.0 = 0
      head.pointee.retryable = 0
    }
    head.pointee.status = status.rawValue
    head.pointee.magic = MILLRACE_OUTCOME_MAGIC
  }
}
