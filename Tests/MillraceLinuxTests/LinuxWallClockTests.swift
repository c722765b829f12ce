import CMillraceLinux
import Glibc
import MillraceCore
import Testing
import TestSupport

@testable import MillraceLinux

/// `KernelTests.WallClockTests` sets a clock.
@Suite("The clock on the wall", .timeLimit(.minutes(1)))
struct LinuxWallClockTests {
  @Test("shows the time")
  func now() throws {
    let clock = try LinuxWallClock()
    let (before, shown, after) = (time(nil), clock.now().rawValue / 1_000_000, time(nil))
    #expect(shown >= before - 1 && shown <= after)
  }

  @Test("is watched by a timer that never ends and is cancelled by a step")
  func timer() throws {
    let timer = Descriptor(owning: try check(millrace_clock_watch(), "watch"))
    let facts = try textFile("/proc/self/fdinfo/\(timer.number)")
    #expect(facts.contains("clockid: 0\n"))  // CLOCK_REALTIME
    #expect(facts.contains("settime flags: 03\n"))  // TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
    #expect(facts.contains("it_interval: (0, 0)"))
    #expect(millrace_clock_was_set(timer.number) == 0)
    #expect(millrace_clock_was_set(-1) == -EBADF)
  }

  @Test("rings for a step, and for nothing else")
  func steps() async throws {
    let calls = Journal<Bool>()
    let heard = Journal<Int>()
    let event = Descriptor(owning: try check(millrace_eventfd(), "make"))
    let number = dup(event.number)
    let clock = LinuxWallClock(timer: event, onStep: { heard.append(1) }) { descriptor in
      millrace_eventfd_drain(descriptor)
      calls.append(true)
      return calls.entries.count > 1
    }
    var steps = clock.steps.makeAsyncIterator()
    millrace_eventfd_signal(number)
    try await calls.wait { $0.count == 1 }
    #expect(heard.entries.isEmpty)
    millrace_eventfd_signal(number)
    #expect(await steps.next() != nil)
    #expect(heard.entries == [1])
    close(number)
  }

  @Test("ends its stream when it can't be watched any more")
  func failure() async throws {
    let event = Descriptor(owning: try check(millrace_eventfd(), "make"))
    millrace_eventfd_signal(event.number)
    let clock = LinuxWallClock(timer: event, onStep: {}) { _ in throw LinuxError("read", .kernel(EIO)) }
    for await _ in clock.steps { Issue.record("a step") }
  }
}
