import Glibc

/// The machine that is set up: this one, or one whose files are in a directory.
struct SetUpTarget {
  let machine: MachineFiles
  var surroundings = Surroundings.current()

  init(root: String) {
    var root = root
    while root.hasSuffix("/") { root.removeLast() }
    machine = MachineFiles(root: root)
  }

  /// Works out what there should be, by the configuration that is there.
  /// - Throws: `FileMistakes` if it can't be read.
  func setUp(usesSchedules: Bool) throws -> SetUp {
    var configuration = Configuration.standard(in: surroundings)
    let file = machine.root + surroundings.usualFile
    let isConfigured = access(file, F_OK) == 0
    if isConfigured { configuration = try ConfigurationReader.read(file: file, over: configuration) }
    return SetUp(
      in: surroundings, configuration, isConfigured: isConfigured, machine: machine,
      hasSystemd: hasSystemd, usesSchedules: usesSchedules)
  }

  /// Whether systemd runs here, for a user: one of this user's own; in another root: is installed there.
  private var hasSystemd: Bool {
    guard machine.root.isEmpty else { return machine.status("/usr/lib/systemd/systemd") != nil }
    if surroundings.isRoot { return machine.status("/run/systemd/system") != nil }
    return machine.status(runtimeDirectory + "/systemd/private") != nil
  }

  private var runtimeDirectory: String {
    surroundings.variables["XDG_RUNTIME_DIR"] ?? "/run/user/\(surroundings.user)"
  }

  /// What starts the runner, now and at each boot; nothing without systemd.
  var serviceCommands: [Command] {
    guard hasSystemd else { return [] }
    let systemctl = surroundings.isRoot ? ["systemctl"] : ["systemctl", "--user"]
    let units = [UnitText.jobs, UnitText.runner]
    return [
      Command(words: systemctl + ["daemon-reload"]),
      Command(words: systemctl + ["enable", "--now"] + units),
    ]
  }

  /// What is left for people to do.
  var notes: [String] {
    guard hasSystemd else {
      let start = surroundings.isRoot ? "millraced" : "systemd-run --user --scope -p Delegate=yes millraced"
      let why = surroundings.isRoot ? "no systemd runs here" : "no systemd runs for this user"
      return ["\(why): start the runner by `\(start)`"]
    }
    guard !surroundings.isRoot, let user = Surroundings.variable("USER"),
      machine.status("/var/lib/systemd/linger/\(user)") == nil
    else { return [] }
    return ["the runner stops when you log out, unless: loginctl enable-linger"]
  }
}
