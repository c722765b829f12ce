import Foundation

/// What cgroups there are.
enum CgroupNames {
  /// The names of the groups in a group, given by its path below the mount.
  static func below(_ group: String) throws -> [String] {
    let root = "/sys/fs/cgroup" + group
    return try FileManager.default.contentsOfDirectory(atPath: root)
      .filter { FileManager.default.fileExists(atPath: "\(root)/\($0)/cgroup.procs") }.sorted()
  }
}
