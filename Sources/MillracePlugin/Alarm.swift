internal import Glibc
private import Synchronization

/// Wakes one thread: when somebody rings it, and when SIGTERM comes.
///
/// It stands in front of the handler of SIGTERM that was there, which it calls first. There is one at a time:
/// a process does one job.
final class Alarm: @unchecked Sendable {
  // SAFETY: a POSIX semaphore may be used from every thread; the rest is constant.
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
  private let before: UnsafeMutablePointer<sigaction> = .allocate(capacity: 1)

  /// The addresses of what the signal handler rings and of the handler before it; 0 for none. It may take no
  /// lock and must not let go of an object.
  private static let rung = Atomic<UInt>(0)
  private static let next = Atomic<UInt>(0)

  init() {
    sem_init(semaphore, 0, 0)
    before.initialize(to: sigaction())
    sigaction(SIGTERM, nil, before)
    Self.next.store(UInt(bitPattern: before), ordering: .releasing)
    Self.rung.store(UInt(bitPattern: semaphore), ordering: .releasing)
    var action = before.pointee
    action.sa_flags |= SA_SIGINFO
    action.__sigaction_handler.sa_sigaction = { Alarm.handle($0, $1, $2) }
    sigaction(SIGTERM, &action, nil)
  }

  deinit {
    sigaction(SIGTERM, before, nil)
    Self.rung.store(0, ordering: .releasing)
    Self.next.store(0, ordering: .releasing)
    // The memory stays: a signal may be on its way on another thread.
  }

  /// Lets the waiting thread go on; if none waits, the next one won't.
  func ring() { sem_post(semaphore) }

  /// Waits until it is rung, or SIGTERM comes; may also return for nothing.
  func wait() { sem_wait(semaphore) }

  /// Only what signal-safety(7) allows.
  private static func handle(
    _ number: Int32, _ details: UnsafeMutablePointer<siginfo_t>?, _ state: UnsafeMutableRawPointer?
  ) {
    if let next = UnsafePointer<sigaction>(bitPattern: next.load(ordering: .acquiring))?.pointee {
      let isPlain = next.sa_flags & SA_SIGINFO == 0
      if !isPlain {
        next.__sigaction_handler.sa_sigaction?(number, details, state)
      } else if let handler = next.__sigaction_handler.sa_handler {
        // SIG_IGN is no function; SIG_DFL is nil here.
        if unsafeBitCast(handler, to: Int.self) != 1 { handler(number) }
      }
    }
    if let rung = UnsafeMutablePointer<sem_t>(bitPattern: rung.load(ordering: .acquiring)) { sem_post(rung) }
  }
}
