import Glibc
import MillraceLinux

/// What there is of cgroups on a machine.
struct CgroupFacts: Sendable, Equatable {
  /// Where v2 is mounted; nil if it is not.
  var mount: String?
  /// The controllers that v1 has, and v2 so can't have.
  var takenByV1: [String] = []
  /// The controllers at the mount.
  var available: [String] = []
  /// The path of our subtree below the mount; nil if there is none that may be used.
  var group: String?
  /// Whether it is the group that this process was started in.
  var isOwnGroup = false
  /// Whether it is there already.
  var exists = false
  /// Whether groups can be made in it, or it can be made.
  var isWritable = false
  /// The controllers that it has, or would have if it were made now.
  var given: [String] = []
  /// The processes that sit in the group itself, without this one.
  var processes: [Int32] = []
  /// The groups of attempts in it, and whether a process is in each.
  var leaves: [Leaf] = []

  /// The group of an attempt.
  struct Leaf: Sendable, Equatable {
    /// Below the subtree: `p/checksum/42.1`.
    var path: String
    var isPopulated: Bool
  }
}

/// Reads the facts.
struct CgroupProbe: Sendable {
  let machine: MachineFiles
  let configured: Configuration.CgroupRoot

  func facts() -> CgroupFacts {
    var facts = CgroupFacts()
    let own = machine.text("/proc/self/cgroup") ?? ""
    facts.takenByV1 = Self.v1Controllers(own)
    guard let mount = CgroupMount(mountInfo: machine.text("/proc/self/mountinfo") ?? "")?.path else {
      return facts
    }
    facts.mount = mount
    facts.available = machine.words(mount + "/cgroup.controllers")
    let origin = CgroupMount.ownGroup(own) ?? "/"
    guard let group = chosenGroup(mount: mount, origin: origin) else { return facts }
    facts.group = group
    facts.isOwnGroup = group == origin
    let path = mount + (group == "/" ? "" : group)
    facts.exists = machine.status(path) != nil
    let above = facts.exists ? path : machine.existingDirectory(above: path)
    facts.isWritable = machine.isWritable(above)
    facts.given = machine.words(above + (facts.exists ? "/cgroup.controllers" : "/cgroup.subtree_control"))
    facts.processes = machine.words(path + "/cgroup.procs").compactMap { Int32($0) }.filter { $0 != getpid() }
    facts.leaves = leaves(in: path)
    return facts
  }

  private func chosenGroup(mount: String, origin: String) -> String? {
    switch configured {
    case .path: configured.group(belowMount: mount)
    case .automatic:
      if machine.status(mount + unitGroup) != nil {
        unitGroup
      } else {
        // That it throws means that there is none.
        try? CgroupTree.delegatedGroup(mount: machine.root + mount, origin: origin)
      }
    }
  }

  /// The group that jobs have where this user's runner is a service, wherever this process was started.
  private var unitGroup: String {
    let user = machine.user
    let slice =
      user == 0 ? "/system.slice" : "/user.slice/user-\(user).slice/user@\(user).service/app.slice"
    return "\(slice)/\(CgroupTree.jobsUnit)"
  }

  private func leaves(in path: String) -> [CgroupFacts.Leaf] {
    func groups(_ directory: String) -> [String] {
      machine.names(in: directory).filter { machine.status("\(directory)/\($0)")?.isDirectory == true }
    }
    return groups(path + "/p").flatMap { plugin in
      groups("\(path)/p/\(plugin)").map { leaf in
        let events = machine.text("\(path)/p/\(plugin)/\(leaf)/cgroup.events") ?? ""
        return .init(path: "p/\(plugin)/\(leaf)", isPopulated: events.contains("populated 1"))
      }
    }
  }

  /// Finds the controllers of v1 in the text of `/proc/self/cgroup` (cgroups(7)): lines "8:pids:/path".
  static func v1Controllers(_ text: String) -> [String] {
    text.split(separator: "\n").flatMap { line -> [String] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, fields[0] != "0" else { return [] }
      return fields[1].split(separator: ",").map { String($0) }.filter { !$0.hasPrefix("name=") }
    }.sorted()
  }
}
