import Glibc
import Synchronization

/// The end of a pipe that the signal handler writes the numbers of signals to; -1 for none.
private let interruptPipe = Atomic<Int32>(-1)

/// Ctrl-C (and SIGTERM, or others) as something that can be waited for, from its making to the end of the
/// process.
final class Interrupts: Sendable {
  /// Readable when a signal came.
  let descriptor: Int32
  private let seen = Atomic<Int>(0)

  /// Takes the signals over; there is one of these in a process.
  init(_ numbers: [Int32] = [SIGINT, SIGTERM]) throws {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else {
      throw CommandError(.failure, "cannot make a pipe: \(String(cString: strerror(errno)))")
    }
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    descriptor = ends[0]
    interruptPipe.store(ends[1], ordering: .sequentiallyConsistent)
    for number in numbers {
      let former = signal(number) { number in
        let kept = errno
        var byte = UInt8(truncatingIfNeeded: number)
        write(interruptPipe.load(ordering: .relaxed), &byte, 1)
        errno = kept
      }
      // What a shell starts in the background ignores Ctrl-C, and shall go on to.
      if unsafeBitCast(former, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
        signal(number, SIG_IGN)
      }
    }
  }

  /// Takes the signals that came; returns how many there have been in all.
  func take() -> Int { seen.add(takeAll().count, ordering: .sequentiallyConsistent).newValue }

  /// Takes the signals that came and returns their numbers, in order.
  func takeAll() -> [Int32] {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = max(0, read(descriptor, &bytes, bytes.count))
    return bytes.prefix(count).map(Int32.init)
  }
}
