import Glibc
import MillraceCore
import MillraceEngine

/// The thread that watches directories: it waits in poll(2) for events, wishes and mounts, and has a timer
/// only while something is due.
final class DirectoryLoop: @unchecked Sendable {
  // SAFETY: `observer` is touched by the loop's own thread only.
  private var observer: DirectoryObserver?
  private let exchange: FileEventExchange

  init(_ observer: sending DirectoryObserver, _ exchange: FileEventExchange) {
    self.observer = observer
    self.exchange = exchange
  }

  /// Works until that is asked to stop; then all descriptors are closed.
  func run() {
    var mountsChanged = false
    while let observer {
      let wishes = exchange.takeWishes()
      if wishes.stops { break }
      if mountsChanged { observer.mountsChanged() }
      if let wanted = wishes.wanted { observer.adopt(wanted) }
      if exchange.hasRoom { exchange.put(observer.step()) }
      mountsChanged = wait(observer)
    }
    observer = nil
    exchange.end()
  }

  /// Waits until there is something to do; returns whether something was mounted or unmounted.
  private func wait(_ observer: DirectoryObserver) -> Bool {
    let hasRoom = exchange.hasRoom
    var polled = [pollfd(fd: exchange.bell.number, events: Int16(POLLIN), revents: 0)]
    if hasRoom {
      polled += observer.eventDescriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      // proc_pid_mountinfo(5): it has an exceptional condition when a file system is mounted or unmounted.
      polled.append(pollfd(fd: observer.mountsDescriptor, events: Int16(POLLPRI), revents: 0))
    }
    let timeout = hasRoom ? observer.timeToNextDeadline() : -1
    guard poll(&polled, nfds_t(polled.count), timeout) > 0, hasRoom else { return false }
    return polled[polled.count - 1].revents != 0
  }
}
