import CMillraceLinux
import Dispatch
import Glibc
package import MillraceCore
import MillraceEngine

/// The machine's clock on the wall (`CLOCK_REALTIME`), watched for steps by a timer of the kernel
/// ([timerfd_create(2)](https://man7.org/linux/man-pages/man2/timerfd_create.2.html)), which wakes nobody
/// otherwise.
///
/// A clock that is only made to go faster or slower, as by NTP, has made no step.
package final class LinuxWallClock: WallClock {
  package let steps: AsyncStream<Void>
  // SAFETY: dispatch sources may be used on any thread.
  nonisolated(unsafe) private let source: any DispatchSourceRead

  /// Watches the clock.
  /// - Parameter onStep: called at each step, before `steps` rings.
  /// - Throws: `LinuxError`.
  package convenience init(onStep: @escaping @Sendable () -> Void = {}) throws {
    let timer = Descriptor(owning: try check(millrace_clock_watch(), "watch the clock"))
    self.init(timer: timer, onStep: onStep) { try check(millrace_clock_was_set($0), "watch the clock") == 1 }
  }

  /// Watches a descriptor: when it is readable, `wasSet` reads it and tells whether the clock was set.
  init(
    timer: consuming Descriptor, onStep: @escaping @Sendable () -> Void,
    wasSet: @escaping @Sendable (Int32) throws -> Bool
  ) {
    let number = timer.release()
    let (steps, step) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    let source = DispatchSource.makeReadSource(fileDescriptor: number)
    source.setEventHandler {
      do {
        guard try wasSet(number) else { return }
      } catch {
        source.cancel()  // It could not be read again either; the stream ends.
        return
      }
      onStep()
      step.yield()
    }
    source.setCancelHandler {
      close(number)
      step.finish()
    }
    source.resume()
    (self.steps, self.source) = (steps, source)
  }

  deinit { source.cancel() }

  package func now() -> Timestamp { Self.read() }

  /// What it shows.
  package static func read() -> Timestamp { .now(by: CLOCK_REALTIME) }
}
