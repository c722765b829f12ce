import CMillraceLinux
import Glibc

@testable import MillraceLinux

/// A program that a test started in a leaf and must reap.
struct LeafProgram {
  let pid: Int32
  private let pidfd: Int32

  /// Starts a script of the shell.
  init(_ script: String, in leaf: Leaf) throws {
    let words: [UnsafeMutablePointer<CChar>?] = [strdup("/bin/sh"), strdup("-c"), strdup(script), nil]
    let environment: [UnsafeMutablePointer<CChar>?] = [nil]
    defer { for word in words { free(word) } }
    var pidfd: Int32 = -1
    let pid = words.withUnsafeBufferPointer { words in
      environment.withUnsafeBufferPointer { environment in
        [Int32(2), 2, 2].withUnsafeBufferPointer { descriptors in
          var program = millrace_program(
            path: UnsafePointer(words[0]), arguments: words.baseAddress, environment: environment.baseAddress,
            descriptors: descriptors.baseAddress, descriptor_count: 3, cgroup: leaf.directory.number)
          return millrace_spawn(&program, &pidfd)
        }
      }
    }
    self.pid = try check(pid, "start a program")
    self.pidfd = pidfd
  }

  /// Waits for its end; returns its exit code or the signal that ended it.
  func reap() -> Int32 {
    var ending = millrace_ending()
    _ = millrace_wait_pidfd(pidfd, 1, &ending)
    close(pidfd)
    return ending.status
  }
}
