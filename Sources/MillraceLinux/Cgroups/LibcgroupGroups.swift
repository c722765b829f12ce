import Clibcgroup
import Glibc
import Synchronization

/// Makes long-lived groups by libcgroup, which turns their controllers on from the root of the hierarchy
/// down: root may do that, an ordinary user's groups are plain directories.
///
/// libcgroup knows v1 and v2 by the same names. So that nothing is ever made in a v1 hierarchy, it is
/// first asked where each controller is mounted.
final class LibcgroupGroups: Sendable {
  /// libcgroup keeps global tables without a lock of its own.
  private static let lock = Mutex(())

  private let mount: String
  private let controllers: [String]

  /// Starts libcgroup.
  /// - Parameters:
  ///   - mount: where cgroup v2 is mounted.
  ///   - controllers: what groups are to have; with none, groups are plain directories.
  /// - Throws: `LinuxError` if libcgroup finds a controller on v1, or nothing at all.
  init(mount: String, controllers: [String]) throws {
    self.mount = mount
    self.controllers = controllers
    guard !controllers.isEmpty else { return }
    try Self.lock.withLock { _ in
      try Self.check(cgroup_init(), "start libcgroup")
      for name in controllers {
        var place: UnsafeMutablePointer<CChar>?
        try Self.check(
          cgroup_get_subsys_mount_point(name, &place), "ask libcgroup for the controller `\(name)`")
        defer { free(place) }
        guard let place, String(cString: place) == mount else {
          throw LinuxError(
            "use the controller `\(name)`", .forbidden("it is mounted as cgroup v1"),
            hint: "boot with `systemd.unified_cgroup_hierarchy=1`")
        }
      }
    }
  }

  /// Makes a group; it is fine if it is there already.
  /// - Parameter group: the path below the mount point, without a slash at its start.
  /// - Throws: `LinuxError` with libcgroup's words.
  func make(_ group: String) throws {
    guard !controllers.isEmpty else { return try makePlain(group) }
    try Self.lock.withLock { _ in
      var handle = cgroup_new_cgroup(group)
      guard handle != nil else { throw LinuxError("make the cgroup `\(group)`", .kernel(ENOMEM)) }
      defer { cgroup_free(&handle) }
      for name in controllers {
        guard cgroup_add_controller(handle, name) != nil else {
          throw LinuxError("make the cgroup `\(group)`", .missing("libcgroup does not know `\(name)`"))
        }
      }
      try Self.check(cgroup_create_cgroup(handle, 1), "make the cgroup `\(group)`")
    }
  }

  private func makePlain(_ group: String) throws {
    guard mkdir(mount + "/" + group, 0o755) == 0 || errno == EEXIST else {
      throw LinuxError("make the cgroup `\(group)`", .kernel(errno))
    }
  }

  private static func check(_ result: Int32, _ doing: String) throws {
    guard result != 0 else { return }
    if result == Int32(ECGOTHER) {
      throw LinuxError(doing, .kernel(cgroup_get_last_errno()))
    }
    throw LinuxError(doing, .missing(String(cString: cgroup_strerror(result))))
  }
}
