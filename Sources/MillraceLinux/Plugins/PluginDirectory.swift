import Glibc
package import Logging
package import MillraceCore
package import MillraceEngine
import Synchronization

/// The directory into which plugins are dropped, watched by inotify.
///
/// Each build is copied aside under its SHA-256 before it is described, and run from there: an attempt runs
/// exactly the file that its record names, whatever happens in the directory. Copies of earlier builds stay,
/// so that one can go back to them.
package final class PluginDirectory: PluginSource {
  /// Changes a catalog before it is published; told the file of each plugin by the plugin's name.
  package typealias Amendment = @Sendable (_ catalog: Catalog, _ files: [String: String]) -> Catalog

  /// Where plugins are, and when a build is fit to serve.
  package struct Settings: Sendable, Equatable {
    /// The directory; made if it is not there.
    package var path: String
    /// Where copies are kept; jobs must be able to read there.
    package var builds: String
    /// So many crashes, and nothing else, put a build into quarantine.
    package var crashes = 3
    /// Who may sign builds (ssh-keygen(1), ALLOWED SIGNERS); nil if they need no signature.
    package var allowedSigners: String?

    package init(path: String, builds: String) {
      self.path = path
      self.builds = builds
    }
  }

  package let catalogs: AsyncStream<Catalog>
  private let publish: AsyncStream<Catalog>.Continuation
  private let crashes: AsyncStream<AttemptID>
  private let noteCrash: AsyncStream<AttemptID>.Continuation
  private let watch = Mutex<FileWatch?>(nil)
  private let scanner: PluginScanner
  private let judge: BuildJudge
  private let clock: any SteadyClock
  private let path: String
  /// The directory of the list of signers, if there is one: a change of it counts at once.
  private let signersPlace: [String]

  /// More crashes than this are not looked at: those after them tell the same.
  private static let crashesAtOnce = 100

  /// Watches a directory.
  /// - Parameters:
  ///   - settings: where it is, and when a build is fit to serve.
  ///   - launcher: who describes plugins.
  ///   - history: where crashes are on record.
  ///   - log: where trouble with the watch is told.
  ///   - clock: the time as attempts have it.
  ///   - amend: asked after each scan, so also when another file in the directory has changed.
  package init(
    _ settings: Settings, launcher: any Launcher, history: any HistoryReader, log: Logger,
    clock: any SteadyClock, amend: @escaping Amendment = { catalog, _ in catalog }
  ) {
    (catalogs, publish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    (crashes, noteCrash) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.crashesAtOnce))
    scanner = PluginScanner(settings, launcher: launcher, log: log, now: { clock.now() }, amend: amend)
    judge = BuildJudge(crashes: settings.crashes, history: history)
    self.clock = clock
    path = settings.path
    signersPlace = settings.allowedSigners.flatMap(Self.directory).map { [$0] } ?? []
  }

  private static func directory(of file: String) -> String? {
    file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) }
  }

  /// Scans at once, after each change, and when a build is to describe itself again, until cancelled.
  /// - Throws: `LinuxError` if the directory can't be watched.
  package func run() async throws {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw LinuxError("make the directory `\(path)`", .kernel(errno))
    }
    let watch = try FileWatch()
    self.watch.withLock { $0 = watch }
    async let judging: Void = judgeCrashes()
    var last: Catalog?
    var alarm = Alarm(clock: clock) { watch.wake() }
    defer { alarm.stop() }
    repeat {
      let catalog = try await look(watch)
      if catalog != last { publish.yield(catalog) }
      last = catalog
      alarm.set(to: await scanner.nextTry)
    } while await watch.nextRing()
    await judging
  }

  /// Scans, until no further directory is to be watched.
  private func look(_ watch: FileWatch) async throws -> Catalog {
    while true {
      let folders = await scanner.folders
      try watch.follow([path] + folders + signersPlace)
      let catalog = await scanner.scan()
      if await scanner.folders == folders { return catalog }
    }
  }

  package func crashed(_ attempts: [AttemptID]) { for id in attempts { noteCrash.yield(id) } }

  /// Puts builds whose first attempts crash into quarantine, until cancelled.
  private func judgeCrashes() async {
    for await id in crashes {
      if await scanner.judge(id, judge) { wake() }
    }
  }

  package func builds(of plugin: String) async -> [BuildStanding] { await scanner.builds(of: plugin) }

  package func rollback(_ plugin: String) async throws -> Build {
    let build = try await scanner.rollback(plugin)
    wake()
    return build
  }

  /// The SHA-256 of the builds of which copies are needed beside those that serve.
  package func neededBuilds() async -> Set<String> { await scanner.neededBuilds }

  /// Has the directory looked at once more.
  private func wake() { watch.withLock { $0?.wake() } }
}
