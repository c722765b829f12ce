import MillraceLinux

/// Is cgroup v2 there, and does it have the hierarchy for itself?
struct CgroupMountCheck: Check {
  let name = "cgroup v2"
  let facts: CgroupFacts

  func finding() -> Finding {
    guard let mount = facts.mount else {
      return failure("it is not mounted", mend: ["mount -t cgroup2 none /sys/fs/cgroup"])
    }
    let taken = facts.takenByV1.joined(separator: ", ")
    guard !taken.isEmpty else { return ok("mounted at `\(mount)`, with no v1 beside it") }
    let found = "mounted at `\(mount)`; v1 beside it has \(taken)"
    // The next check tells what to do about it.
    return facts.takenByV1.contains(where: CgroupTree.needed.contains) ? warning(found) : ok(found)
  }
}

/// Are the controllers there by which jobs are limited, and may we use them?
struct ControllersCheck: Check {
  let name = "controllers"
  let facts: CgroupFacts
  let user: UInt32

  func finding() -> Finding {
    guard facts.mount != nil else { return failure("none: cgroup v2 is not mounted") }
    let missing = CgroupTree.needed.filter { !facts.available.contains($0) }
    guard missing.isEmpty else { return unavailable(missing) }
    // Root turns controllers on from the top down; others have what was delegated to them.
    let given = user == 0 ? facts.available : facts.given
    let withheld = CgroupTree.needed.filter { !given.contains($0) }
    guard withheld.isEmpty else {
      return failure(
        "\(withheld.joined(separator: ", ")) not delegated to `\(facts.group ?? "this user")`",
        mend: [
          "sudo mkdir -p /etc/systemd/system/user@.service.d",
          "printf '[Service]\\nDelegate=cpu memory pids io\\n' "
            + "| sudo tee /etc/systemd/system/user@.service.d/millrace.conf",
          "sudo systemctl daemon-reload", "systemd-run --user --scope -p Delegate=yes millraced",
        ])
    }
    guard given.contains("io") else {
      return warning("memory, cpu, pids; no io: jobs can't ask for I/O limits")
    }
    return ok("memory, cpu, pids, io")
  }

  private func unavailable(_ missing: [String]) -> Finding {
    let words = missing.joined(separator: ", ")
    if missing.contains(where: { facts.takenByV1.contains($0) }) {
      return failure("\(words) belong to cgroup v1 here", mend: [KernelCommandLine.withoutV1])
    }
    return failure("this kernel has no \(words) for cgroup v2", mend: [KernelCommandLine.withControllers])
  }
}

/// Can our subtree be used: is it ours to write, and does nobody sit in its way?
struct CgroupRootCheck: Check {
  let name = "cgroup root"
  let facts: CgroupFacts

  func finding() -> Finding {
    guard facts.mount != nil else { return failure("none: cgroup v2 is not mounted") }
    let start = "systemd-run --user --scope -p Delegate=yes millraced"
    guard let group = facts.group else {
      return failure("the cgroup of this session is not delegated to this user", mend: [start])
    }
    guard facts.isWritable else {
      return failure("`\(group)` can't be written by this user", mend: [start])
    }
    guard facts.processes.isEmpty || group == "/" else {
      let list = facts.processes.prefix(5).map { "\($0)" }.joined(separator: ", ")
      let more = facts.processes.count > 5 ? ", …" : ""
      let found = "processes sit in `\(group)` itself (\(list)\(more)): controllers can't be passed on"
      // A runner that is started by other means than this command has a group for itself.
      let mend = ["systemd-run --scope -p Delegate=yes millraced"]
      return facts.isOwnGroup ? warning(found, mend: mend) : failure(found, mend: mend)
    }
    return ok(facts.exists ? "`\(group)`" : "`\(group)`, made at the first start")
  }
}

/// Are there groups of attempts that no runner looks after?
struct LeftoverCheck: Check {
  let name = "left-overs"
  let facts: CgroupFacts
  let isRunnerThere: Bool

  func finding() -> Finding {
    let count = facts.leaves.count
    if count == 0 { return ok("none") }
    if isRunnerThere { return ok("\(count) groups of attempts, in the care of the runner") }
    let running = facts.leaves.count { $0.isPopulated }
    guard running == 0 else {
      return warning(
        "\(running) attempts run without a runner; a runner takes them over when it starts",
        mend: ["systemctl start millraced"])
    }
    let path = quoted((facts.mount ?? "") + (facts.group ?? "") + "/p")
    return warning(
      "\(count) empty groups of attempts",
      mend: ["find \(path) -mindepth 2 -maxdepth 2 -type d -exec rmdir {} +"])
  }
}

/// The commands that change how the kernel is booted, for a machine with GRUB.
enum KernelCommandLine {
  static let withoutV1 = add("systemd.unified_cgroup_hierarchy=1 systemd.legacy_systemd_cgroup_controller=0")
  static let withControllers = add("cgroup_enable=memory swapaccount=1")
  static let withPressure = add("psi=1")

  private static func add(_ words: String) -> String {
    "sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&\(words) /' /etc/default/grub && sudo update-grub && sudo reboot"
  }
}
