import Glibc
import MillraceLinux

extension CgroupTree {
  /// Makes the subtree of this process, in a group of its own.
  static func forBenchmark(withoutControllers: Bool) throws -> CgroupTree {
    try CgroupTree(
      root: RunnerPlace.group(of: getpid()), needed: withoutControllers ? [] : CgroupTree.needed)
  }

  /// Gives `body` such a subtree, and leaves it afterwards.
  static func forBenchmark(
    withoutControllers: Bool, _ body: (CgroupTree) async throws -> Void
  ) async throws {
    let tree = try forBenchmark(withoutControllers: withoutControllers)
    do {
      try await body(tree)
    } catch {
      try tree.close()
      throw error
    }
    try tree.close()
  }
}

extension LaunchSettings.Identity {
  /// Whom the jobs of a benchmark become: nobody, if there is a choice.
  static var ofBenchmark: LaunchSettings.Identity {
    geteuid() == 0
      ? LaunchSettings.Identity(uid: 65534, gid: 65534)
      : LaunchSettings.Identity(uid: geteuid(), gid: getegid())
  }
}
