/// What a working set-up has: directories, files and links, in the order in which they are made.
struct SetUp: Sendable {
  var items: [Item] = []
  /// The accounts that the new configuration names; nil for a user's own runner.
  var accounts: Accounts?

  /// One thing at a place.
  struct Item: Sendable, Equatable {
    var path: String
    /// What it is for, in a word or two.
    var purpose: String
    var content: Content
  }

  /// What is at a place.
  enum Content: Sendable, Equatable {
    case directory(mode: UInt32)
    case file(String)
    case link(to: String)
  }

  /// Works out what there should be.
  ///
  /// - Parameters:
  ///   - surroundings: whose runner it is, and where the programs are.
  ///   - configuration: what is in force, or would be with the usual defaults.
  ///   - isConfigured: whether there is a configuration already: then the accounts are its own business.
  ///   - machine: the files that are there.
  ///   - hasSystemd: whether the machine has systemd, for which there are files then.
  ///   - usesSchedules: whether the first schedules are put to use, or only laid beside.
  init(
    in surroundings: Surroundings, _ configuration: Configuration, isConfigured: Bool,
    machine: MachineFiles, hasSystemd: Bool, usesSchedules: Bool
  ) {
    let directory = surroundings.configurationDirectory
    add(directory, "configuration", .directory(mode: 0o755))
    add(surroundings.usualFile, "configuration", .file(Self.configuration(forRoot: surroundings.isRoot)))
    add(configuration.schedules, "schedules", .directory(mode: 0o755))
    add(configuration.calendars, "calendars", .directory(mode: 0o755))
    add(configuration.plugins, "plugins", .directory(mode: 0o755))
    addPlugins(of: surroundings, to: configuration.plugins, machine)
    add(configuration.state, "record", .directory(mode: 0o711))
    if surroundings.isRoot, !isConfigured { accounts = Accounts() }
    addUnits(surroundings, machine, hasSystemd: hasSystemd)
    let names = machine.names(in: surroundings.shippedPlugins) + machine.names(in: configuration.plugins)
    for schedule in FirstSchedule.all {
      let isReady = names.contains("lib\(schedule.plugin).so") && !schedule.isTemplate
      let file = "\(configuration.schedules)/\(schedule.name).yaml"
      // One that is in use needs no copy beside it.
      guard machine.status(file) == nil else { continue }
      let suffix = usesSchedules && isReady ? "" : ".disabled"
      add(file + suffix, "schedule", .file(schedule.text))
    }
  }

  private mutating func add(_ path: String, _ purpose: String, _ content: Content) {
    items.append(Item(path: path, purpose: purpose, content: content))
  }

  /// Plugins that came with the programs are used where they lie.
  private mutating func addPlugins(
    of surroundings: Surroundings, to directory: String, _ machine: MachineFiles
  ) {
    guard surroundings.shippedPlugins != directory else { return }
    for name in machine.names(in: surroundings.shippedPlugins)
    where name.hasPrefix("lib") && name.hasSuffix(".so") {
      // One of that name that was put there is the operator's.
      guard machine.status("\(directory)/\(name)") == nil else { continue }
      add("\(directory)/\(name)", "plugin", .link(to: "\(surroundings.shippedPlugins)/\(name)"))
    }
  }

  private mutating func addUnits(
    _ surroundings: Surroundings, _ machine: MachineFiles, hasSystemd: Bool
  ) {
    let isRoot = surroundings.isRoot
    guard hasSystemd else { return }
    let program = surroundings.programDirectory + "/millraced"
    let units = [
      (UnitText.jobs, UnitText.jobs(forRoot: isRoot)),
      (UnitText.runner, UnitText.runner(program, forRoot: isRoot)),
    ]
    let directory = isRoot ? "/etc/systemd/system" : "\(surroundings.configurationHome)/systemd/user"
    add(directory, "units", .directory(mode: 0o755))
    for (name, text) in units {
      addUnlessShipped(name, text, in: directory, "unit", "systemd/system", machine)
    }
    guard isRoot else { return }
    addUnlessShipped(
      "millrace.conf", Self.temporaryFiles, in: "/etc/tmpfiles.d", "directories", "tmpfiles.d", machine)
  }

  /// Adds a file of the system's that a package may have brought already.
  private mutating func addUnlessShipped(
    _ name: String, _ text: String, in directory: String, _ purpose: String, _ kind: String,
    _ machine: MachineFiles
  ) {
    let isOfSystem = directory.hasPrefix("/etc/")
    let shipped = ["/usr/local/lib", "/usr/lib", "/lib"].map { "\($0)/\(kind)/\(name)" }
    if isOfSystem, shipped.contains(where: { machine.status($0) != nil }) { return }
    add("\(directory)/\(name)", purpose, .file(text))
  }

  private static let temporaryFiles = """
    # The directories of the runner, for one that is started without systemd. Jobs pass through the second.
    d /run/millrace 0755 root root -
    d /var/lib/millrace 0711 root root -

    """

  private static func configuration(forRoot isRoot: Bool) -> String {
    let head = "# Made by `millrace init`. All settings with their defaults: millrace.yaml(5).\n"
    guard isRoot else { return head }
    return head + """

      # Whom jobs run as.
      user: \(Accounts.user)

      # Whose members may submit jobs.
      access: {group: \(Accounts.group)}

      """
  }
}
