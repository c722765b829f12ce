import CMillraceLinux
import CMillraceLinux.Libc

/// What an attempt's process has left in its outcome file in memory, made small for the spool: the head, the
/// result, and the checkpoint that counts. The process wrote it, so nothing of it is believed.
struct OutcomeCopy {
  /// Which checkpoint the file holds; 0 is none.
  let generation: UInt64
  private let file: Int32
  private let maximumResult: Int
  private var head: millrace_outcome
  private var slotLength = 0

  /// Looks at the file. If the process still runs (`isWhole` false), only the checkpoint counts.
  init(_ file: Int32, maximumResult: Int, isWhole: Bool) {
    self.file = file
    self.maximumResult = maximumResult
    head = millrace_outcome()
    let size = MemoryLayout<millrace_outcome>.size
    let got = withUnsafeMutableBytes(of: &head) { pread(file, $0.baseAddress, size, 0) }
    if got != size { head = millrace_outcome() }
    if !isWhole || head.magic != MILLRACE_OUTCOME_MAGIC { head.magic = 0 }
    if head.magic == 0 || head.has_result != 1 || head.result_length > UInt64(maximumResult) {
      // A result that is longer than it may be is none, and so is the word that came with it.
      if head.has_result == 1 && head.result_length > UInt64(maximumResult) { head.magic = 0 }
      head.has_result = 0
      head.result_length = 0
    }
    generation = head.checkpoint_generation
    let length = generation & 1 == 0 ? head.checkpoint_length.0 : head.checkpoint_length.1
    if generation > 0 && length <= UInt64(Outcome.slotSize) { slotLength = Int(length) }
  }

  /// Returns which checkpoint a file holds now.
  static func generation(of file: Int32) -> UInt64 {
    var head = millrace_outcome()
    let size = MemoryLayout<millrace_outcome>.size
    let got = withUnsafeMutableBytes(of: &head) { pread(file, $0.baseAddress, size, 0) }
    return got == size ? head.checkpoint_generation : 0
  }

  /// Writes the small file. Returns 0 or a negative errno.
  func write(to target: Int32) -> Int32 {
    var small = head
    let length = Int(head.result_length)
    small.result_capacity = head.result_length
    small.checkpoint_generation = generation > 0 ? 2 : 0
    small.checkpoint_length = (UInt64(slotLength), 0)
    let result = withUnsafeBytes(of: small) { SpoolDirectory.write($0, to: target) }
    guard result == 0 else { return result }
    let size = MemoryLayout<millrace_outcome>.size
    let copied = OutcomeCopy.copy(file, at: size, count: length, to: target, at: size)
    guard copied == 0, generation > 0 else { return copied }
    return OutcomeCopy.copy(
      file, at: OutcomeCopy.checkpoints(behind: maximumResult) + Int(generation & 1) * Outcome.slotSize,
      count: slotLength, to: target, at: OutcomeCopy.checkpoints(behind: length))
  }

  private static func checkpoints(behind capacity: Int) -> Int {
    (MemoryLayout<millrace_outcome>.size + capacity + 15) & ~15
  }

  private static func copy(
    _ source: Int32, at first: Int, count: Int, to target: Int32, at place: Int
  ) -> Int32 {
    var block = [UInt8](repeating: 0, count: min(count, 256 << 10))
    var done = 0
    guard lseek(target, off_t(place), SEEK_SET) >= 0 else { return -millrace_error() }
    while done < count {
      let got = pread(source, &block, min(block.count, count - done), off_t(first + done))
      // The process may have cut its file.
      guard got > 0 else { return got < 0 ? -millrace_error() : 0 }
      let result = block.withUnsafeBytes {
        SpoolDirectory.write(UnsafeRawBufferPointer(rebasing: $0[..<got]), to: target)
      }
      guard result == 0 else { return result }
      done += got
    }
    return 0
  }
}
