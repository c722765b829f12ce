import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import millraced

@Suite("Doctor: cgroups")
struct CgroupCheckTests {
  /// A machine as Debian 12 boots it, with a runner's subtree.
  private static let pure: [String: String] = [
    "/proc/self/mountinfo":
      "24 30 0:22 / /proc rw shared:12 - proc proc rw\n"
      + "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
    "/proc/self/cgroup": "0::/user.slice/user-0.slice/session-1.scope\n",
    "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory hugetlb pids rdma misc\n",
    "/sys/fs/cgroup/millrace/cgroup.controllers": "cpu io memory pids\n",
    "/sys/fs/cgroup/millrace/cgroup.procs": "",
    "/sys/fs/cgroup/millrace/runner/cgroup.procs": "700\n",
    "/sys/fs/cgroup/millrace/p/checksum/cgroup.procs": "",
    "/sys/fs/cgroup/millrace/p/checksum/42.1/cgroup.events": "populated 1\nfrozen 0\n",
    "/sys/fs/cgroup/millrace/p/checksum/41.1/cgroup.events": "populated 0\nfrozen 0\n",
  ]

  private static func facts(
    _ files: [String: String], root: Configuration.CgroupRoot = .path("/millrace")
  ) throws -> CgroupFacts {
    let directory = try TemporaryDirectory()
    try write(files, below: directory.path)
    return CgroupProbe(machine: MachineFiles(root: directory.path), configured: root).facts()
  }

  static func write(_ files: [String: String], below root: String) throws {
    for (path, text) in files {
      let file = URL(filePath: root + path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: file)
    }
  }

  @Test("a machine with v2 alone is read whole")
  func pureMachine() throws {
    let facts = try Self.facts(Self.pure)
    #expect(
      facts
        == CgroupFacts(
          mount: "/sys/fs/cgroup",
          available: ["cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc"], group: "/millrace",
          exists: true, isWritable: true, given: ["cpu", "io", "memory", "pids"],
          leaves: [
            .init(path: "p/checksum/41.1", isPopulated: false),
            .init(path: "p/checksum/42.1", isPopulated: true),
          ]))
    #expect(CgroupMountCheck(facts: facts).finding().status == .ok)
    #expect(ControllersCheck(facts: facts, user: 1000).finding().status == .ok)
    #expect(CgroupRootCheck(facts: facts).finding().status == .ok)
  }

  @Test("the jobs' unit of the user's runner is looked at, wherever doctor is called")
  func unit() throws {
    let slice =
      geteuid() == 0
      ? "/system.slice" : "/user.slice/user-\(geteuid()).slice/user@\(geteuid()).service/app.slice"
    let unit = "\(slice)/millrace-jobs.service"
    var files = Self.pure
    files["/sys/fs/cgroup\(unit)/cgroup.controllers"] = "cpu memory pids\n"
    let facts = try Self.facts(files, root: .automatic)
    #expect(facts.group == unit)
    #expect(facts.given == ["cpu", "memory", "pids"])
  }

  @Test("a path with the mount before it is the same group")
  func mountedPath() throws {
    let facts = try Self.facts(Self.pure, root: .path("/sys/fs/cgroup/millrace"))
    #expect(facts.group == "/millrace")
    #expect(Configuration.CgroupRoot.path("/sys/fs/cgroup").group(belowMount: "/sys/fs/cgroup") == "/")
    #expect(Configuration.CgroupRoot.automatic.group(belowMount: "/sys/fs/cgroup") == nil)
  }

  @Test("controllers that v1 has are a failure with the boot option that frees them")
  func hybrid() throws {
    let facts = try Self.facts([
      "/proc/self/mountinfo":
        "31 30 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
        + "32 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
      "/proc/self/cgroup": "9:name=systemd:/\n8:pids:/\n4:memory:/a:b\n2:cpu,cpuacct:/\n0::/\n",
      "/sys/fs/cgroup/unified/cgroup.controllers": "hugetlb\n",
    ])
    #expect(facts.takenByV1 == ["cpu", "cpuacct", "memory", "pids"])
    #expect(CgroupMountCheck(facts: facts).finding().status == .warning)
    let finding = ControllersCheck(facts: facts, user: 0).finding()
    #expect(finding.status == .failure)
    #expect(finding.found == "memory, cpu, pids belong to cgroup v1 here")
    #expect(finding.mend.joined().contains("systemd.unified_cgroup_hierarchy=1"))
  }

  @Test("no mount is a failure of every check that needs one")
  func unmounted() throws {
    let facts = try Self.facts(["/proc/self/mountinfo": "", "/proc/self/cgroup": ""])
    #expect(CgroupMountCheck(facts: facts).finding().mend == ["mount -t cgroup2 none /sys/fs/cgroup"])
    #expect(ControllersCheck(facts: facts, user: 0).finding().status == .failure)
    #expect(CgroupRootCheck(facts: facts).finding().status == .failure)
    #expect(LeftoverCheck(facts: facts, isRunnerThere: false).finding().status == .ok)
  }

  @Test("what is not delegated is a failure for an ordinary user, and root turns it on")
  func delegation() throws {
    var files = Self.pure
    files["/sys/fs/cgroup/millrace/cgroup.controllers"] = "memory pids\n"
    let facts = try Self.facts(files)
    #expect(ControllersCheck(facts: facts, user: 0).finding().status == .ok)
    let finding = ControllersCheck(facts: facts, user: 1000).finding()
    #expect(finding.found == "cpu not delegated to `/millrace`")
    #expect(finding.mend.contains { $0.contains("Delegate=cpu memory pids io") })
  }

  @Test("a kernel without the memory controller, and one without io, are told")
  func missingControllers() throws {
    var files = Self.pure
    files["/sys/fs/cgroup/cgroup.controllers"] = "cpu io pids\n"
    let without = ControllersCheck(facts: try Self.facts(files), user: 0).finding()
    #expect(without.found == "this kernel has no memory for cgroup v2")
    #expect(without.mend.joined().contains("cgroup_enable=memory"))
    files["/sys/fs/cgroup/cgroup.controllers"] = "cpu memory pids\n"
    #expect(ControllersCheck(facts: try Self.facts(files), user: 0).finding().status == .warning)
  }

  @Test("processes in the root group are in the way, except in the hierarchy's own root and our own")
  func processesInTheWay() throws {
    var files = Self.pure
    files["/sys/fs/cgroup/millrace/cgroup.procs"] = "\(getpid())\n"
    #expect(try Self.facts(files).processes == [])
    files["/sys/fs/cgroup/millrace/cgroup.procs"] = "11\n12\n13\n14\n15\n16\n"
    let finding = CgroupRootCheck(facts: try Self.facts(files)).finding()
    #expect(finding.status == .failure)
    #expect(finding.found.contains("(11, 12, 13, 14, 15, …)"))
    files["/sys/fs/cgroup/cgroup.procs"] = "1\n2\n"
    #expect(CgroupRootCheck(facts: try Self.facts(files, root: .path("/"))).finding().status == .ok)
  }

  @Test("groups of attempts are left over only when no runner is there")
  func leftovers() throws {
    var facts = try Self.facts(Self.pure)
    #expect(LeftoverCheck(facts: facts, isRunnerThere: true).finding().status == .ok)
    let running = LeftoverCheck(facts: facts, isRunnerThere: false).finding()
    #expect(running.found.hasPrefix("1 attempts run without a runner"))
    facts.leaves = [.init(path: "p/checksum/41.1", isPopulated: false)]
    let empty = LeftoverCheck(facts: facts, isRunnerThere: false).finding()
    #expect(empty.status == .warning)
    #expect(empty.mend == ["find /sys/fs/cgroup/millrace/p -mindepth 2 -maxdepth 2 -type d -exec rmdir {} +"])
  }
}
