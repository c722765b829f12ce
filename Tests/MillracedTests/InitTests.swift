import ArgumentParser
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import millraced

@Suite("Init")
struct InitTests {
  private static let root = Surroundings(
    isRoot: true, user: 0, home: "/root", variables: [:], programDirectory: "/usr/local/bin",
    isInstalled: true)

  private let directory: TemporaryDirectory
  private let machine: MachineFiles

  init() throws {
    directory = try TemporaryDirectory()
    machine = MachineFiles(root: directory.path)
  }

  private func setUp(
    in surroundings: Surroundings = root, isConfigured: Bool = false, hasSystemd: Bool = true,
    usesSchedules: Bool = false
  ) -> SetUp {
    SetUp(
      in: surroundings, .standard(in: surroundings), isConfigured: isConfigured, machine: machine,
      hasSystemd: hasSystemd, usesSchedules: usesSchedules)
  }

  private func put(_ text: String, at path: String) throws {
    try CgroupCheckTests.write([path: text], below: directory.path)
  }

  private func make(_ setUp: SetUp) throws {
    var work = SetUpWork(on: machine)
    try work.carryOut(try SetUpPlan(setUp, on: machine)) {}
  }

  @Test("what is made is a set-up that the runner can read, and a second call makes nothing")
  func makesAll() throws {
    try put("", at: "/usr/local/lib/millrace/plugins/libhealth.so")
    try make(setUp(usesSchedules: true))
    let text = try #require(machine.text("/etc/millrace/millrace.yaml"))
    let configuration = try ConfigurationReader.read(
      text, named: "millrace.yaml", over: .standard(in: Self.root))
    #expect(configuration.user == "millrace-job")
    #expect(configuration.access.group == "millrace")
    #expect(machine.status("/var/lib/millrace")?.permissions == 0o711)
    #expect(machine.names(in: "/etc/systemd/system") == ["millrace-jobs.service", "millraced.service"])
    let unit = machine.text("/etc/systemd/system/millraced.service") ?? ""
    #expect(unit.contains("ExecStart=/usr/local/bin/millraced\n"))
    // A schedule that names made-up places is not in force.
    let schedules = machine.names(in: "/etc/millrace/schedules.d")
    #expect(schedules.filter { $0.hasSuffix(".yaml") } == ["health.yaml"])
    #expect(schedules.contains("cleanup.yaml.disabled"))
    let again = try SetUpPlan(setUp(isConfigured: true, usesSchedules: true), on: machine)
    #expect(again.steps.allSatisfy { $0.standing == .there })
  }

  @Test("without systemd there are no units, and without a plugin its schedule is not in force")
  func plain() throws {
    try make(setUp(hasSystemd: false, usesSchedules: true))
    #expect(machine.status("/etc/systemd") == nil)
    #expect(machine.status("/etc/tmpfiles.d") == nil)
    #expect(machine.names(in: "/etc/millrace/schedules.d").allSatisfy { $0.hasSuffix(".disabled") })
  }

  @Test("a user's set-up is below the home directory and uses the plugins that were installed")
  func ofUser() throws {
    try put("", at: "/usr/local/lib/millrace/plugins/libexec.so")
    try put("mine", at: "/home/ann/.local/share/millrace/plugins/libspin.so")
    try put("", at: "/usr/local/lib/millrace/plugins/libspin.so")
    var ann = Self.root
    (ann.isRoot, ann.user, ann.home) = (false, geteuid(), "/home/ann")
    let wanted = setUp(in: ann)
    try make(wanted)
    #expect(wanted.accounts == nil)
    #expect(wanted.items.allSatisfy { $0.path.hasPrefix("/home/ann/") })
    let plugins = "/home/ann/.local/share/millrace/plugins"
    #expect(machine.text(plugins + "/libspin.so") == "mine")
    let target = try FileManager.default.destinationOfSymbolicLink(
      atPath: directory.path + plugins + "/libexec.so")
    #expect(target == "/usr/local/lib/millrace/plugins/libexec.so")
    let unit = machine.text("/home/ann/.config/systemd/user/millrace-jobs.service") ?? ""
    #expect(unit.contains("Delegate=yes\n") && unit.contains("WantedBy=default.target"))
  }

  @Test("what somebody else put there stays, and so do the units of a package")
  func keepsOthers() throws {
    try put("user: nobody\n", at: "/etc/millrace/millrace.yaml")
    try put("[Service]\n", at: "/etc/systemd/system/millraced.service")
    try put("[Service]\n", at: "/usr/lib/systemd/system/millrace-jobs.service")
    let wanted = setUp(isConfigured: true)
    try make(wanted)
    #expect(wanted.accounts == nil)
    #expect(machine.text("/etc/millrace/millrace.yaml") == "user: nobody\n")
    #expect(machine.text("/etc/systemd/system/millraced.service") == "[Service]\n")
    #expect(machine.names(in: "/etc/systemd/system") == ["millraced.service"])
    let plan = try SetUpPlan(wanted, on: machine)
    let report = SetUpReport.lines(of: plan, accounts: [], isDry: true)
    let kept = "kept        /etc/systemd/system/millraced.service (unit, not what init writes)"
    #expect(report.contains(kept + "\n"))
    #expect(!report.contains("would make"))
  }

  @Test(
    "what is in the way is named with what to do, and nothing is made",
    arguments: [
      ("file", "cannot use `/etc/millrace`: it is no directory\n\nhint: mv /etc/millrace /etc/millrace.old"),
      (
        "open",
        "cannot use `/var/lib/millrace`: others may write to it\n\nhint: chmod go-w /var/lib/millrace"
      ),
      (
        "link",
        "cannot use `/etc/millrace/millrace.yaml`: it is a link that leads nowhere\n\n"
          + "hint: rm /etc/millrace/millrace.yaml"
      ),
      (
        "owner",
        "cannot use `/etc/millrace/schedules.d`: user 4711 owns it\n\n"
          + "hint: chown 0 /etc/millrace/schedules.d"
      ),
    ])
  func obstacles(_ kind: String, _ text: String) throws {
    let path = directory.path
    switch kind {
    case "file": try put("", at: "/etc/millrace")
    case "open":
      try put("", at: "/var/lib/millrace/x")
      chmod(path + "/var/lib/millrace", 0o777)
    case "link":
      try put("", at: "/etc/millrace/x")
      symlink("/nowhere", path + "/etc/millrace/millrace.yaml")
    default:
      try put("", at: "/etc/millrace/schedules.d/x")
      try #require(chown(path + "/etc/millrace/schedules.d", 4711, 4711) == 0, "this test needs root")
    }
    let error = #expect(throws: SetUpError.self) { try make(setUp()) }
    #expect(error?.description == text)
    #expect(machine.status("/usr") == nil)
  }

  @Test("if a step fails, what was made goes again, and what was there stays")
  func takesBack() throws {
    try put("mine", at: "/etc/systemd/system/other.service")
    var work = SetUpWork(on: machine)
    let plan = try SetUpPlan(setUp(), on: machine)
    let error = #expect(throws: SetUpError.self) {
      try work.carryOut(plan) { try Command(words: ["/bin/sh", "-c", "exit 3"]).run() }
    }
    #expect(error?.description.contains("it ended with exit code 3") == true)
    #expect(machine.names(in: "") == ["etc"])
    #expect(machine.names(in: "/etc") == ["systemd"])
    #expect(machine.text("/etc/systemd/system/other.service") == "mine")
  }

  @Test("accounts that are there are not made again")
  func accounts() throws {
    try put("root:x:0:0::/root:/bin/sh\n", at: "/etc/passwd")
    try put("root:x:0:\nmillrace:x:900:\n", at: "/etc/group")
    let commands = Accounts().commands(on: machine)
    #expect(commands.map(\.first) == ["useradd"])
    #expect(commands.first?.suffix(3) == ["--prefix", directory.path, "millrace-job"])
  }

  @Test("the units in `etc/systemd` are those that root gets")
  func units() throws {
    let etc = URL(filePath: #filePath).appending(path: "../../../etc").standardized
    func text(_ name: String) throws -> String {
      try String(contentsOf: etc.appending(path: name), encoding: .utf8)
    }
    #expect(try text("systemd/millrace-jobs.service") == UnitText.jobs(forRoot: true))
    #expect(try text("systemd/millraced.service") == UnitText.runner("/usr/bin/millraced", forRoot: true))
    let temporary = setUp().items.first { $0.path == "/etc/tmpfiles.d/millrace.conf" }
    #expect(temporary?.content == .file(try text("tmpfiles.d/millrace.conf")))
  }

  @Test("the first schedules are without mistakes")
  func schedules() async throws {
    let place = try SchedulePlace { path in
      for schedule in FirstSchedule.all {
        try SchedulePlace.write("\(path)/schedules/\(schedule.name).yaml", schedule.text)
      }
    }
    #expect(try await place.next() == "files: ?, ?, ?, schedules/health.yaml health 15 min 0 s")
  }

  @Test("a root that is no directory is refused before anything is looked at")
  func noRoot() throws {
    #expect(throws: (any Error).self) { try InitCommand.parse(["--root", directory.path + "/none"]) }
    #expect(throws: Never.self) { try InitCommand.parse(["--root", directory.path]) }
  }
}
