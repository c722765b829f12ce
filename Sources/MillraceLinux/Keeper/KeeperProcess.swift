import CMillraceLinux
import Glibc

/// A keeper that this runner started, in the cgroup `S/keeper`.
final class KeeperProcess {
  private let pidfd: Descriptor

  /// Starts a keeper that listens already when this returns.
  init(_ settings: LaunchSettings, in tree: CgroupTree) throws {
    let listener = Descriptor(
      owning: try check(millrace_listen(settings.keeperSocket, 4), "listen at `\(settings.keeperSocket)`"))
    try checkErrno(chmod(settings.keeperSocket, 0o600), "guard `\(settings.keeperSocket)`")
    let null = try Descriptor(opening: "/dev/null", flags: O_RDWR)
    let group = try tree.keeperDirectory()
    let words =
      [settings.host, "keeper", "--socket-fd", "3"] + settings.preload.flatMap { ["--preload", $0] }
    let arguments = words.map { strdup($0) } + [nil]
    let environment = [
      strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), strdup("SWIFT_BACKTRACE=enable=no"), nil,
    ]
    defer { for text in arguments + environment { free(text) } }
    var number: Int32 = -1
    let descriptors = [null.number, null.number, 2, listener.number]
    let pid = descriptors.withUnsafeBufferPointer { descriptors in
      var program = millrace_program()
      return settings.host.withCString { path in
        arguments.withUnsafeBufferPointer { arguments in
          environment.withUnsafeBufferPointer { environment in
            program.path = path
            program.arguments = arguments.baseAddress
            program.environment = environment.baseAddress
            program.descriptors = descriptors.baseAddress
            program.descriptor_count = Int32(descriptors.count)
            program.cgroup = group.number
            return millrace_spawn(&program, &number)
          }
        }
      }
    }
    try check(pid, "start the keeper `\(settings.host)`")
    pidfd = Descriptor(owning: number)
  }

  deinit { reap() }

  /// Waits until it has ended, at most so many milliseconds; returns whether it has.
  func waitForEnd(atMost milliseconds: Int32) -> Bool {
    var poller = pollfd(fd: pidfd.number, events: Int16(POLLIN), revents: 0)
    guard poll(&poller, 1, milliseconds) > 0 else { return false }
    reap()
    return true
  }

  /// Ends one that is of no use and holds nothing.
  func end() {
    _ = millrace_pidfd_send_signal(pidfd.number, SIGKILL)  // It may have ended by itself.
    _ = waitForEnd(atMost: 1000)  // One that the kernel does not let go yet is reaped by nobody.
  }

  /// Takes its entry out of the table of processes if it has ended; how does not matter any more.
  private func reap() {
    var ending = millrace_ending()
    _ = millrace_wait_pidfd(pidfd.number, 0, &ending)  // Once it is reaped there is none.
  }
}
