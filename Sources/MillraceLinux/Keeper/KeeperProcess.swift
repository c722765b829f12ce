import CMillraceLinux
import Glibc

/// A keeper, in the cgroup `S/keeper`: one that this runner started, or a former one.
final class KeeperProcess {
  private let pidfd: Descriptor

  /// Starts a keeper that listens already when this returns.
  init(_ settings: LaunchSettings, in tree: CgroupTree) throws {
    let listener = Descriptor(
      owning: try check(millrace_listen(settings.keeperSocket, 4), "listen at `\(settings.keeperSocket)`"))
    try checkErrno(chmod(settings.keeperSocket, 0o600), "guard `\(settings.keeperSocket)`")
    let null = try Descriptor(opening: "/dev/null", flags: O_RDWR)
    let group = try tree.keeperDirectory()
    pidfd = try Program.start(
      settings.host,
      ["keeper", "--socket-fd", "3"] + settings.preload.flatMap { ["--preload", $0] },
      environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "SWIFT_BACKTRACE=enable=no"],
      descriptors: [null.number, null.number, 2, listener.number], cgroup: group.number,
      called: "the keeper ")
  }

  /// Finds the keeper that has just greeted.
  init(existing pid: Int32) throws {
    pidfd = Descriptor(owning: try check(millrace_pidfd_open(pid), "find the keeper"))
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
    _ = millrace_wait_pidfd(pidfd.number, 0, &ending)  // A former runner's is no child of ours.
  }
}
