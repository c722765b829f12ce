import ArgumentParser
import Glibc

/// `millraced init`: makes a working set-up, starts it, and looks whether it works.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Make a working set-up of the runner on this machine, and check it.",
    discussion: """
      examples:
        sudo millrace init --dry-run
        sudo millrace init --schedules
        millrace init

      As root: configuration, directories, the user that jobs run as, the group whose members may submit, \
      and units of systemd for the runner and its jobs. As another user: the same below ~/.config and \
      ~/.local, with units of one's own. What is there stays as it is, and a second call says so. If a step \
      fails, what was made goes again. In the end the runner is started and `millraced doctor` looks at \
      everything; the exit code is 1 if it finds a failure.
      """)

  @Flag(help: "Show what would be made, and change nothing.")
  var dryRun = false

  @Flag(
    inversion: .prefixedNo,
    help: "Put the schedules for maintenance to use that this machine can run. Without: asked on a terminal.")
  var schedules: Bool?

  @Flag(inversion: .prefixedNo, help: "Start the runner, where systemd runs, and look at the machine.")
  var start = true

  @Option(help: "Make it for the machine whose files are in this directory; nothing is started.")
  var root = ""

  func validate() throws {
    var facts = stat()
    guard root.isEmpty || stat(root, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR else {
      throw ValidationError("there is no directory `\(root)`: make it, or leave `--root` out")
    }
  }

  func run() async throws {
    let target = SetUpTarget(root: root)
    let setUp = try target.setUp(usesSchedules: wantsSchedules())
    let plan = try SetUpPlan(setUp, on: target.machine)
    let accounts = setUp.accounts?.commands(on: target.machine).map { Command(words: $0) } ?? []
    print(SetUpReport.lines(of: plan, accounts: accounts, isDry: dryRun), terminator: "")
    let services = start && root.isEmpty ? target.serviceCommands : []
    guard !dryRun else {
      for command in services { print("would run   \(command.text)") }
      return
    }
    var work = SetUpWork(on: target.machine)
    try work.carryOut(plan) { for command in accounts { try command.run() } }
    guard start, root.isEmpty else { return }
    for command in services {
      print("run         \(command.text)")
      // The program writes by itself, past our buffer.
      fflush(nil)
      try command.run()
    }
    for note in target.notes { print("note: \(note)") }
    print()
    try await DoctorCommand.parse([]).run()
  }

  private func wantsSchedules() -> Bool {
    if let schedules { return schedules }
    guard !dryRun, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return false }
    print("Put the schedules for maintenance to use that this machine can run? [y/N] ", terminator: "")
    fflush(nil)
    return ["y", "yes"].contains(readLine()?.lowercased())
  }
}
