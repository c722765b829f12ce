import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// A bundle of a runner that shares no file system with this node: it is fetched into a directory of the
/// node, laid out like a spool, and what the host writes there goes to the runner, too.
struct RemoteBundle {
  let host: String
  let port: String
  let name: [UInt8]
  /// Made anew, and removed at the end.
  let directory: String

  private static let variable: StaticString = "MILLRACE_BUNDLE_SECRET"
  /// How long the runner is tried to be reached at first, in ms.
  private static let patience: Int64 = 60_000

  /// Reads what the command line says. Returns nil if it makes no sense: `HOST:PORT`, or `[ADDRESS]:PORT`.
  init?(address: UnsafePointer<CChar>, name: UnsafePointer<CChar>, directory: UnsafePointer<CChar>) {
    let text = SpoolText.plain(address, atMost: 300)
    guard let colon = text.lastIndex(of: UInt8(ascii: ":")),
      SpoolText.number(text[(colon + 1)...], in: 1...65_535) != nil
    else { return nil }
    var host = text[..<colon]
    if host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    self.host = String(decoding: host, as: UTF8.self)
    port = String(decoding: text[(colon + 1)...], as: UTF8.self)
    self.name = SpoolText.plain(name, atMost: 61)
    guard BundleManifest.isName(self.name[...]) else { return nil }
    self.directory = String(cString: directory)
  }

  /// The bundle's own directory.
  var path: String { "\(directory)/bundles/\(String(decoding: name, as: UTF8.self))" }

  /// Fetches all that the bundle needs.
  func fetch() throws(HostError) -> SpoolDirectory {
    let courier = Courier(host: host, port: port, bundle: name, secret: try RemoteBundle.takeSecret())
    for path in [directory, "\(directory)/plugins", "\(directory)/bundles", path] {
      guard path.withCPointer({ mkdir($0, 0o700) }) == 0 else {
        throw HostError(
          "cannot make the directory `\(path)`: \(words(for: -millrace_error()))",
          hint: "name a new directory of this node")
      }
    }
    let spool = try path.withCPointer { path throws(HostError) in try SpoolDirectory(path, courier) }
    try RemoteBundle.reach(courier) { () throws(HostError) in _ = try spool.fetch("manifest") }
    guard let text = try spool.read("manifest", atMost: SpoolText.maximumSize) else { return spool }
    for name in ["done", "closed"] { _ = try spool.fetch(name) }
    // One that can't be read is refused later on, in words that go to the runner.
    guard let manifest = try? BundleManifest(text) else { return spool }
    let isOver = spool.has("done") || spool.has("closed")
    for attempt in manifest.attempts {
      // What is missing is missed when it is needed.
      for ending in isOver ? ["started", "ended"] : ["payload"] { _ = try spool.fetch(attempt.file(ending)) }
      let plugin = CheckedPlugins.file(of: attempt.plugin)
      if !isOver && !spool.has(plugin) { _ = try spool.fetch(plugin) }
    }
    return spool
  }

  /// Does what needs the runner, and again if that can't be reached at first. One that hangs up will do so
  /// again: it does not know the bundle, or this node does not know its secret.
  private static func reach(_ courier: Courier, _ body: () throws(HostError) -> Void) throws(HostError) {
    let end = bootMilliseconds() + patience
    while true {
      do throws(HostError) { return try body() } catch {
        guard courier.refusals < 3, bootMilliseconds() < end else { throw error }
        sleep(2)
      }
    }
  }

  /// Reads the secret, and takes it out of the environment.
  private static func takeSecret() throws(HostError) -> [UInt8] {
    let hint = "the runner gives it to the job that it submits: 64 hexadecimal digits in \(variable)"
    guard let text = environment() else { throw HostError("there is no secret", hint: hint) }
    let digits = SpoolText.plain(text, atMost: 65)
    wipeSecret()
    guard SHA256.isHex(digits[...]) else { throw HostError("the secret is malformed", hint: hint) }
    let halves = digits.map { $0 < UInt8(ascii: "a") ? $0 - UInt8(ascii: "0") : $0 - UInt8(ascii: "a") + 10 }
    return stride(from: 0, to: halves.count, by: 2).map { halves[$0] << 4 | halves[$0 + 1] }
  }

  /// Takes the secret out of this process's memory, where /proc/PID/environ shows it as well.
  static func wipeSecret() {
    guard let text = environment() else { return }
    memset(text, Int32(UInt8(ascii: "0")), strlen(text))
    variable.withUTF8Buffer { name in
      _ = name.baseAddress.map { unsetenv(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
    }
  }

  private static func environment() -> UnsafeMutablePointer<CChar>? {
    variable.withUTF8Buffer { name in
      name.baseAddress.flatMap { getenv(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
    }
  }
}
