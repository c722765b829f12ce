import Glibc
import Synchronization

/// Whether SIGTERM came.
enum Stop {
  private static let flag = Atomic(false)

  /// Whether SIGTERM came since ``watch()``.
  static var wasAsked: Bool { flag.load(ordering: .relaxed) }

  /// Makes SIGTERM set the flag, on whichever thread it comes: this may not be written in main.swift, whose
  /// closures belong to the main thread.
  static func watch() {
    flag.store(false, ordering: .relaxed)
    signal(SIGTERM) { _ in Stop.flag.store(true, ordering: .relaxed) }
  }
}
