package import MillraceCore

/// Rings at a time.
///
/// It may ring too early: set to a later time than before, it keeps the earlier one, and whoever hears it
/// sets it anew. A sleep of the runtime that is cancelled keeps its memory until its time has come, and
/// there would be one for each tick.
package struct Alarm {
  private let clock: any SteadyClock
  private let ring: @Sendable () -> Void
  private var next: (time: Timestamp, task: Task<Void, Never>)?

  package init(clock: any SteadyClock, ring: @escaping @Sendable () -> Void) {
    self.clock = clock
    self.ring = ring
  }

  /// Sees to it that it rings at a time at the latest; nil is no time.
  package mutating func set(to time: Timestamp?) {
    if let next, next.time <= clock.now() { self.next = nil }  // It has rung.
    guard let time, next.map({ time < $0.time }) ?? true else { return }
    next?.task.cancel()
    next = (
      time,
      Task { [clock, ring] in
        guard (try? await clock.sleep(until: time)) != nil else { return }  // Cancelled: there is another.
        ring()
      }
    )
  }

  /// It rings no more.
  package mutating func stop() {
    next?.task.cancel()
    next = nil
  }
}
