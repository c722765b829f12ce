import CMillraceLinux
import MillraceEngine
import Synchronization

/// What passes between the thread that watches directories and others: a bounded number of changes to them,
/// their wishes back.
final class FileEventExchange: Sendable {
  /// Readable when the thread has something to do: there are wishes, or there is room again.
  let bell: Descriptor
  private let state = Mutex(State())
  private let filled: AsyncStream<Void>
  private let fill: AsyncStream<Void>.Continuation

  private struct State {
    var changes: [FileEventChange] = []
    var wanted: [WatchedDirectory]?
    var stops = false
  }

  /// While so many changes wait the thread does nothing: the kernel keeps the events, or loses them, which
  /// leads to a scan.
  static let most = 4

  init() throws {
    bell = Descriptor(owning: try check(millrace_eventfd(), "make an eventfd"))
    (filled, fill) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  // MARK: For others

  func ask(for directories: [WatchedDirectory]) {
    state.withLock { $0.wanted = directories }
    millrace_eventfd_signal(bell.number)
  }

  func stop() {
    state.withLock { $0.stops = true }
    millrace_eventfd_signal(bell.number)
  }

  /// Waits for a change and takes it; for one caller. Nil after the end, or if the task is cancelled.
  func next() async -> FileEventChange? {
    while true {
      if let change = take() { return change }
      var iterator = filled.makeAsyncIterator()
      guard await iterator.next() != nil else { return take() }
    }
  }

  private func take() -> FileEventChange? {
    let change = state.withLock { $0.changes.isEmpty ? nil : $0.changes.removeFirst() }
    if change != nil { millrace_eventfd_signal(bell.number) }
    return change
  }

  // MARK: For the thread

  /// Takes what is asked for; nil for the directories if they are as before.
  func takeWishes() -> (wanted: [WatchedDirectory]?, stops: Bool) {
    millrace_eventfd_drain(bell.number)
    return state.withLock { state in
      defer { state.wanted = nil }
      return (state.wanted, state.stops)
    }
  }

  var hasRoom: Bool { state.withLock { $0.changes.count < Self.most } }

  func put(_ changes: [FileEventChange]) {
    guard !changes.isEmpty else { return }
    state.withLock { $0.changes += changes }
    fill.yield()
  }

  /// Nothing comes any more.
  func end() { fill.finish() }
}
