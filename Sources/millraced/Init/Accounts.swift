import Glibc

/// The accounts of a runner that is root: whom its jobs run as, and who may submit some. They are two so that
/// a job can't submit others.
struct Accounts: Sendable {
  static let user = "millrace-job"
  static let group = "millrace"

  /// Returns the commands that make those that are not there.
  func commands(on machine: MachineFiles) -> [[String]] {
    let names = (user: Self.names("/etc/passwd", machine), group: Self.names("/etc/group", machine))
    let inRoot = machine.root.isEmpty ? [] : ["--prefix", machine.root]
    var commands: [[String]] = []
    if !names.group.contains(Self.group), !machine.root.isEmpty || getgrnam(Self.group) == nil {
      commands.append(["groupadd", "--system"] + inRoot + [Self.group])
    }
    if !names.user.contains(Self.user), !machine.root.isEmpty || getpwnam(Self.user) == nil {
      let shape = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
      let shell = ["--shell", "/usr/sbin/nologin", "--comment", "Jobs of Millrace"]
      commands.append(["useradd"] + shape + shell + inRoot + [Self.user])
    }
    return commands
  }

  private static func names(_ file: String, _ machine: MachineFiles) -> Set<String> {
    let lines = (machine.text(file) ?? "").split(separator: "\n")
    return Set(lines.compactMap { $0.split(separator: ":").first.map { String($0) } })
  }
}
