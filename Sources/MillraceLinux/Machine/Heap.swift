import CMillraceLinux

/// The memory that `malloc` holds for this process.
///
/// Each thread's arena keeps the room of its largest burst: a runner that had accepted large batches held
/// 92 MiB, of which 66 were free (malloc_info(3); `docs/performance.md`).
package enum Heap {
  /// How long after one trim comes the next.
  package static let interval: Duration = .seconds(10)

  /// Gives the kernel back what is free (malloc_trim(3)); nothing that is in use moves.
  package static func trim() { millrace_trim_heap() }

  /// Trims from time to time until cancelled.
  package static func keepTrim() async {
    // Cancelled: that is how it ends.
    while (try? await Task.sleep(for: interval)) != nil { trim() }
  }
}
