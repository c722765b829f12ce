import Glibc
import MillraceLinux
import TestSupport
import Testing

@Suite("The group that is used if none is named")
struct DelegatedGroupTests {
  private let mount: TemporaryDirectory

  init() throws {
    try #require(geteuid() == 0, "only root has a group at the root, and the mark of systemd's")
    mount = try TemporaryDirectory()
    for group in ["/s", "/s/millraced.service", "/s/millrace-jobs.service"] {
      mkdir(mount.path + group, 0o755)
    }
  }

  private func group(_ origin: String) throws -> String {
    try CgroupTree.delegatedGroup(mount: mount.path, origin: origin)
  }

  /// Does what systemd does for `Delegate=yes`.
  private func delegate(_ group: String) throws {
    let run = try TestProcess(
      "/usr/bin/python3",
      ["-c", "import os, sys; os.setxattr(sys.argv[1], 'trusted.delegate', b'1')", mount.path + group]
    ).end()
    try #require(run.status == 0, "\(run.errors)")
  }

  @Test("is that of the jobs' unit beside the runner's, then the runner's own, then one at the root")
  func order() throws {
    #expect(try group("/s/millraced.service") == "/millrace")
    #expect(try group("/") == "/millrace")
    try delegate("/s/millraced.service")
    #expect(try group("/s/millraced.service") == "/s/millraced.service")
    try delegate("/s/millrace-jobs.service")
    #expect(try group("/s/millraced.service") == "/s/millrace-jobs.service")
    // A runner that was started elsewhere must not take another one's jobs for its own.
    #expect(try group("/s") == "/millrace")
    #expect(try group("/s/deeper/millraced.service") == "/millrace")
  }
}
