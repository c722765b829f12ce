import Glibc
import Testing
import TestSupport

@testable import millraced

@Suite("The lock of a state directory")
struct StateLockTests {
  @Test("a second runner is refused and told who holds the state; a dead one's lock is free")
  func exclusion() throws {
    let directory = try TemporaryDirectory()
    try hold(directory.path) {
      let error = #expect(throws: StateLockError.self) { _ = try StateLock(state: directory.path) }
      #expect(error?.reason == .held(by: getpid()))
      #expect(error?.description.contains("process \(getpid()) holds it") == true)
    }
    try hold(directory.path) {}
  }

  private func hold(_ state: String, while body: () throws -> Void) throws {
    let lock = try StateLock(state: state)
    try body()
    _ = consume lock
  }

  @Test("a state directory that is not there is refused with the kernel's words")
  func missing() {
    let error = #expect(throws: StateLockError.self) { _ = try StateLock(state: "/nowhere") }
    #expect(error?.description.hasPrefix("cannot lock `/nowhere/lock`: No such file or directory") == true)
  }
}
