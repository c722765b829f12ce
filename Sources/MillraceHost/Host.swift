import CMillrace
import CMillraceLinux
import CMillraceLinux.Libc

/// The program `millrace-host`: Embedded Swift, libc only, one thread. `main.c` hands the arguments over.
///
/// - Returns: the exit code: 0 ok, 1 refused, 2 usage, 125 the host's own failure.
@c(millrace_host_main)
public func millraceHostMain(
  _ count: Int32, _ vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> Int32 {
  let arguments = Arguments(count: Int(count), vector: vector)
  guard let verb = arguments[1] else { return usage(complaint: "no subcommand") }
  if isText(verb, "keeper") { return keeperCommand(arguments) }
  if isText(verb, "describe") { return describeCommand(arguments) }
  if isText(verb, "batch") { return batchCommand(arguments) }
  if isText(verb, "cold") { return coldCommand(arguments) }
  if isText(verb, "--help") || isText(verb, "-h") {
    put(usageText, to: STDOUT_FILENO)
    return 0
  }
  if isText(verb, "--version") {
    put(
      "millrace-host 0.1.0 (plugin interface \(MILLRACE_ABI), keeper protocol \(MILLRACE_KEEPER_PROTOCOL))\n",
      to: STDOUT_FILENO)
    return 0
  }
  return usage(complaint: "unknown subcommand `\(String(cString: verb))`")
}

/// The exit codes of a job's process and of this program.
enum ExitCode {
  static let done: Int32 = 0
  static let failed: Int32 = 1
  static let usage: Int32 = 2
  /// The host could not run the job; its outcome says why.
  static let host: Int32 = 125
}

/// The words that the program was started with.
struct Arguments {
  let count: Int
  private let vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

  init(count: Int, vector: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) {
    self.count = count
    self.vector = vector
  }

  subscript(index: Int) -> UnsafePointer<CChar>? {
    index < count ? UnsafePointer(vector[index]) : nil
  }
}

private let usageText = """
  usage: millrace-host keeper --socket-fd N [--preload LIBRARY]...
         millrace-host describe FILE
         millrace-host batch BUNDLE
         millrace-host batch --connect HOST:PORT --bundle NAME DIRECTORY
         millrace-host --help | --version

  keeper     is the parent of all jobs: started by `millraced`, listening on an inherited socket
  describe   prints what a plugin says of itself as JSON, from a throw-away process
  batch      runs the attempts of a bundle on a node of a cluster: started by the job that the runner
             submits to Slurm, with the bundle's directory, SPOOL/bundles/NAME. Exit codes: 0 all
             have ended, 1 it was stopped before, 125 this node could not do it. With --connect
             from a runner that shares no file system with the node, through a new DIRECTORY there;
             the bundle's secret is in MILLRACE_BUNDLE_SECRET

  """

private func usage(complaint: String) -> Int32 {
  put("error: \(complaint)\n\nhint: see `millrace-host --help`\n", to: STDERR_FILENO)
  return ExitCode.usage
}

private func keeperCommand(_ arguments: Arguments) -> Int32 {
  var listener: Int32 = -1
  var libraries: [UnsafePointer<CChar>] = []
  var index = 2
  while let option = arguments[index] {
    guard let value = arguments[index + 1] else {
      return usage(complaint: "`\(String(cString: option))` wants a value")
    }
    if isText(option, "--socket-fd") {
      guard let number = descriptorNumber(value) else {
        return usage(complaint: "`\(String(cString: value))` is no descriptor number")
      }
      listener = number
    } else if isText(option, "--preload") {
      libraries.append(value)
    } else {
      return usage(complaint: "unknown option `\(String(cString: option))`")
    }
    index += 2
  }
  guard listener >= 0 else { return usage(complaint: "keeper wants `--socket-fd`") }
  do throws(HostError) {
    var keeper = try Keeper(listener: listener, preloading: libraries)
    return try keeper.run()
  } catch {
    error.report()
    return ExitCode.failed
  }
}

private func describeCommand(_ arguments: Arguments) -> Int32 {
  guard arguments.count == 3, let file = arguments[2] else {
    return usage(complaint: "describe wants one FILE")
  }
  do throws(HostError) {
    // An ignored SIGCHLD would lose how the throw-away process ended.
    millrace_reset_signals()
    try Identity.renounce()
    var description = Description(quiet: true)
    if let nobody = Identity.nobodyIfRoot() { description.identity = nobody }
    try description.read(file) { manifest in
      put(manifest, to: STDOUT_FILENO)
      put("\n", to: STDOUT_FILENO)
    }
    return ExitCode.done
  } catch {
    error.report()
    return ExitCode.failed
  }
}

private func batchCommand(_ arguments: Arguments) -> Int32 {
  if let option = arguments[2], isText(option, "--connect") {
    guard arguments.count == 7, let address = arguments[3], let second = arguments[4],
      isText(second, "--bundle"), let name = arguments[5], let directory = arguments[6],
      let bundle = RemoteBundle(address: address, name: name, directory: directory)
    else { return usage(complaint: "batch wants `--connect HOST:PORT --bundle NAME DIRECTORY`") }
    return BatchCommand.run(bundle)
  }
  guard arguments.count == 3, let directory = arguments[2] else {
    return usage(complaint: "batch wants one BUNDLE")
  }
  return BatchCommand.run(directory)
}

/// `cold PLUGIN WORK-DIRECTORY`: a job's process after its exec; only the keeper's child starts it so.
private func coldCommand(_ arguments: Arguments) -> Int32 {
  guard arguments.count == 4, let plugin = arguments[2], let directory = arguments[3] else {
    return usage(complaint: "`cold` is for the keeper's use")
  }
  JobProcess.runCold(plugin: plugin, directory: directory)
}

private func descriptorNumber(_ text: UnsafePointer<CChar>) -> Int32? {
  var end: UnsafeMutablePointer<CChar>?
  let number = strtol(text, &end, 10)
  guard let end, end != text, end.pointee == 0, number >= 3, number < 1 << 20 else { return nil }
  return Int32(number)
}

/// Whether a C text is `word`.
func isText(_ text: UnsafePointer<CChar>, _ word: StaticString) -> Bool {
  word.withUTF8Buffer { expected in
    strlen(text) == expected.count && expected.baseAddress.map { memcmp(text, $0, expected.count) } == 0
  }
}
