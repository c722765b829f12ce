import Foundation
import MillraceCore
import MillraceLinux
import Testing

/// Sets the clock, which is only allowed where it is nobody else's: in user-mode Linux.
@Suite(
  "The clock on the wall", .timeLimit(.minutes(1)),
  .enabled(if: isUserModeLinux, "the clock of this machine is not to be set"))
struct WallClockTests {
  private func setClock(forward seconds: Int) throws {
    try #require(isUserModeLinux)
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    time.tv_sec += seconds
    try #require(clock_settime(CLOCK_REALTIME, &time) == 0)
  }

  @Test("rings when it is set, forward and back, each time, and shows the time that was set")
  func steps() async throws {
    let clock = try LinuxWallClock()
    var steps = clock.steps.makeAsyncIterator()
    for seconds in [3600, -3600, 1, -1] {
      let before = clock.now()
      try setClock(forward: seconds)
      try #require(await steps.next() != nil)
      let shown = (clock.now() - before).seconds
      #expect(shown > Double(seconds) - 0.5 && shown < Double(seconds) + 10)
    }
  }
}

/// Whether the kernel is an ordinary process on another one.
private let isUserModeLinux: Bool = {
  // Without the file it is no Linux that could be one.
  let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
  return text?.contains("User Mode Linux") ?? false
}()
