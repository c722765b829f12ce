import CMillraceLinux
import Clibcgroup
import Glibc
import MillraceCore
import Synchronization

/// The subtree `S` that is ours: `S/runner`, `S/keeper` and `S/p/<plugin>` with the leaves of attempts.
///
/// As a service the runner stays in the group of its own unit, and `S` is that of the unit beside it: systemd
/// starts a service in its unit's group, which is impossible where controllers are passed on to groups below
/// (cgroups(7), "no internal processes"), and jobs that outlive the runner keep it so.
///
/// The long-lived groups are made by libcgroup, which also turns the controllers on from the root down, and
/// plainly for an ordinary user, whom systemd gives `S` alone. The leaves are made by `Leaf`, on descriptors
/// that are kept here: that is the hot path.
package final class CgroupTree: Sendable {
  /// The controllers without which no attempt is started.
  package static let needed = ["memory", "cpu", "pids"]

  /// The unit whose group is `S` where the runner is a service.
  package static let jobsUnit = "millrace-jobs.service"

  /// The absolute path of `S`.
  package let path: String
  /// The controllers that leaves have, in the order of `cgroup.controllers`.
  package let controllers: [String]

  let mount: String
  private let group: String
  private let origin: String
  private let libcgroup: LibcgroupGroups
  /// The groups of plugins that have their controllers, as far as this process has seen to it.
  private let groups = Mutex<[String: PluginGroup]>([:])

  /// Makes or finds the subtree and moves this process into `S/runner`, unless it is in a unit of its own.
  ///
  /// - Parameters:
  ///   - root: the path of `S` below the mount point; nil for that of the unit beside this process's own,
  ///     else its own, if they are delegated, else `/millrace` (root only).
  ///   - needed: the controllers that must be there.
  /// - Throws: `LinuxError` that says what is missing and how to mend it.
  package init(root: String?, needed: [String] = CgroupTree.needed) throws {
    let mount = try CgroupMount.current().path
    guard let origin = CgroupMount.ownGroup(try textFile("/proc/self/cgroup")) else {
      throw LinuxError("find this process's cgroup", .missing("`/proc/self/cgroup` has no line `0::`"))
    }
    self.mount = mount
    self.origin = origin
    group = try root ?? Self.delegatedGroup(mount: mount, origin: origin)
    path = mount + group
    let isRoot = geteuid() == 0
    if !isRoot { try Self.makeDirectory(path) }
    let there = try Self.controllers(of: isRoot ? mount : path)
    let missing = needed.filter { !there.contains($0) }
    guard missing.isEmpty else { throw Self.lacking(missing, isRoot ? nil : group) }
    controllers = needed.isEmpty ? [] : there.filter { (needed + ["io"]).contains($0) }
    libcgroup = try LibcgroupGroups(mount: mount, controllers: isRoot ? controllers : [])
    try makeGroups()
  }

  private static func controllers(of group: String) throws -> [String] {
    try textFile(group + "/cgroup.controllers").split { $0 == " " || $0 == "\n" }.map { String($0) }
  }

  /// Says what is missing; `group` is what was given to this user, nil for root.
  private static func lacking(_ controllers: [String], _ group: String?) -> LinuxError {
    let names = controllers.joined(separator: ", ")
    guard let group else {
      return LinuxError(
        "limit jobs", .missing("cgroup v2 has no controller \(names) here"),
        hint: "boot with `systemd.unified_cgroup_hierarchy=1`; `millrace doctor` shows more")
    }
    return LinuxError(
      "limit jobs", .forbidden("\(names) not delegated to `\(group)`"),
      hint: "`millrace doctor` says how root delegates them")
  }

  /// Returns the group that is used if none is named: that of the unit beside this process's own, else its
  /// own, if they are delegated, else `/millrace`.
  /// - Throws: `LinuxError` for an ordinary user to whom neither is delegated.
  package static func delegatedGroup(mount: String, origin: String) throws -> String {
    let beside = String(origin.prefix(through: origin.lastIndex(of: "/") ?? origin.startIndex)) + jobsUnit
    for group in [beside, origin] where isDelegated(mount + group) { return group }
    guard geteuid() == 0 else {
      throw LinuxError(
        "use the cgroup `\(origin)`", .forbidden("it is not delegated to this user"),
        hint: "systemd-run --user --scope -p Delegate=yes millraced")
    }
    return "/millrace"
  }

  /// Whether systemd gave a group to us: it belongs to us, or has the mark for root's services
  /// (systemd.resource-control(5), `Delegate=`).
  private static func isDelegated(_ path: String) -> Bool {
    var info = stat()
    guard stat(path, &info) == 0 else { return false }
    if geteuid() != 0, info.st_uid == geteuid() { return true }
    return ["trusted.delegate", "user.delegate"].contains { (name: String) in
      millrace_has_attribute(path, name) == 1
    }
  }

  /// Whether `S` is the group of another unit than ours.
  private var isBesideUs: Bool { group != origin && group.hasSuffix("/" + Self.jobsUnit) }

  private func makeGroups() throws {
    try Self.makeDirectory(path)
    if !isBesideUs {
      try Self.makeDirectory(path + "/runner")
      try Self.writeFile(path + "/runner/cgroup.procs", "\(getpid())")  // `S` itself must be empty first.
    }
    // The root has no say here: what a user was given is passed on from `S` down.
    if geteuid() != 0 { try enableControllers(path) }
    try libcgroup.make(relative("keeper"))
    try libcgroup.make(relative("p"))
    try enableControllers(path + "/p")
  }

  /// The absolute path of `S/p`, below which all jobs run.
  var jobsPath: String { path + "/p" }

  private func relative(_ name: String) -> String { String((group + "/" + name).drop { $0 == "/" }) }

  /// Returns the group of a plugin's leaves, made if it is not there.
  func pluginGroup(_ plugin: String) throws -> PluginGroup {
    if let group = groups.withLock({ $0[plugin] }) { return group }
    precondition(Handler.isValidName(plugin) || plugin == Self.describePlugin, "not a plugin's name")
    let directory = path + "/p/" + plugin
    if access(directory, F_OK) != 0 { try libcgroup.make(relative("p/" + plugin)) }
    // A former runner may have made it and died before it came to its controllers.
    try enableControllers(directory)
    let group = PluginGroup(
      name: plugin, directory: try Descriptor(opening: directory, flags: O_RDONLY | O_DIRECTORY),
      controllers: controllers)
    groups.withLock { $0[plugin] = group }
    return group
  }

  /// The group of a plugin is not what it was: somebody removed it. It is made anew when it is needed.
  func forgetGroup(_ plugin: String) { groups.withLock { $0[plugin] = nil } }

  /// Lets processes with an effective gid make others in a group, whose directory this is.
  static func openGate(in directory: Int32, for gid: UInt32, name: String) throws {
    try checkErrno(
      fchownat(directory, "cgroup.procs", 0, gid, 0), "give `\(name)/cgroup.procs` to group \(gid)")
    try checkErrno(fchmodat(directory, "cgroup.procs", 0o660, 0), "open `\(name)/cgroup.procs`")
  }

  /// The group in which plugins are described; no plugin can have this name.
  static let describePlugin = "_describe"

  /// Opens the directory of the keeper's group.
  func keeperDirectory() throws -> Descriptor {
    try Descriptor(opening: path + "/keeper", flags: O_RDONLY | O_DIRECTORY)
  }

  private func enableControllers(_ directory: String) throws {
    guard !controllers.isEmpty else { return }
    try Self.writeFile(
      directory + "/cgroup.subtree_control", controllers.map { "+" + $0 }.joined(separator: " "))
  }

  /// Returns the names of all leaves, by plugin.
  func leaves() throws -> [(plugin: String, leaf: String)] {
    try Self.subdirectories(path + "/p").flatMap { plugin in
      try Self.subdirectories(path + "/p/" + plugin).map { (plugin, $0) }
    }
  }

  /// Leaves the subtree and removes what is empty of it: a live keeper and its jobs stay. Of our own group,
  /// delegated to us, we stay in `runner`: it goes with the unit, and `S` can't take processes any more.
  package func close() throws {
    let isDelegated = group == origin || isBesideUs
    if !isDelegated { try Self.writeFile(mount + origin + "/cgroup.procs", "\(getpid())") }
    for plugin in try Self.subdirectories(path + "/p") { rmdir(path + "/p/" + plugin) }
    for name in ["p", "keeper"] { rmdir(path + "/" + name) }
    guard !isDelegated else { return }
    rmdir(path + "/runner")
    rmdir(path)
  }

  private static func makeDirectory(_ path: String) throws {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw LinuxError("make the cgroup `\(path)`", .kernel(errno), hint: "`millrace doctor` shows why")
    }
  }

  static func writeFile(_ path: String, _ text: String) throws {
    let file = try Descriptor(opening: path, flags: O_WRONLY)
    var text = text
    try text.withUTF8 { try file.write(UnsafeRawBufferPointer($0), path) }
  }

  static func subdirectories(_ path: String) throws -> [String] {
    guard let directory = opendir(path) else { throw LinuxError("list `\(path)`", .kernel(errno)) }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if Int32(entry.pointee.d_type) == DT_DIR, !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}
