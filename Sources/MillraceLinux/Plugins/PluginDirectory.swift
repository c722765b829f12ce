import Glibc
package import Logging
import MillraceCore
package import MillraceEngine

/// The directory into which plugins are dropped, watched by inotify.
///
/// Each build is copied aside under its SHA-256 before it is described, and run from there: an attempt runs
/// exactly the file that its record names, whatever happens in the directory.
package final class PluginDirectory: PluginSource {
  /// Changes a catalog before it is published; told the file of each plugin by the plugin's name.
  package typealias Amendment = @Sendable (_ catalog: Catalog, _ files: [String: String]) -> Catalog

  package let catalogs: AsyncStream<Catalog>
  private let publish: AsyncStream<Catalog>.Continuation
  private let scanner: Scanner
  private let path: String

  /// Watches a directory.
  /// - Parameters:
  ///   - path: the directory; made if it is not there.
  ///   - builds: where copies are kept; jobs must be able to read there.
  ///   - launcher: who describes plugins.
  ///   - log: where trouble with the watch is told.
  ///   - amend: asked after each scan, so also when another file in the directory has changed.
  package init(
    path: String, builds: String, launcher: any Launcher, log: Logger,
    amend: @escaping Amendment = { catalog, _ in catalog }
  ) {
    (catalogs, publish) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    scanner = Scanner(path: path, builds: builds, launcher: launcher, log: log, amend: amend)
    self.path = path
  }

  /// Scans at once and after each change, until cancelled.
  /// - Throws: `LinuxError` if the directory can't be watched.
  package func run() async throws {
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
      throw LinuxError("make the directory `\(path)`", .kernel(errno))
    }
    let watch = try FileWatch()
    var last: Catalog?
    repeat {
      let catalog = try await look(watch)
      if catalog != last { publish.yield(catalog) }
      last = catalog
    } while await watch.nextRing()
  }

  /// Scans, until no further directory is to be watched.
  private func look(_ watch: FileWatch) async throws -> Catalog {
    while true {
      let folders = await scanner.folders
      try watch.follow([path] + folders)
      let catalog = await scanner.scan()
      if await scanner.folders == folders { return catalog }
    }
  }

  /// Looks at the files; those that have not changed are not described again.
  private actor Scanner {
    private let path: String
    private let builds: String
    private let launcher: any Launcher
    private let log: Logger
    private let amend: Amendment
    private var known: [String: (mark: PluginFile.Mark, files: String, verdict: Verdict)] = [:]
    /// The directories of files that belong to plugins: those that are there, and those that a plugin wants.
    private(set) var folders: [String] = []

    private enum Verdict {
      case plugin(Plugin)
      case refused(String)
    }

    init(
      path: String, builds: String, launcher: any Launcher, log: Logger, amend: @escaping Amendment
    ) {
      self.path = path
      self.builds = builds
      self.launcher = launcher
      self.log = log
      self.amend = amend
    }

    func scan() async -> Catalog {
      var catalog = Catalog(plugins: [], refused: [])
      var names: [String] = []
      do { names = try files() } catch {
        catalog.refused.append(RefusedPlugin(path: path, reason: "\(error)"))
      }
      known = known.filter { names.contains($0.key) }
      var sources: [String: String] = [:]
      var found: [(plugin: Plugin, file: String)] = []
      var wanted: [String] = []
      for name in names {
        let file = path + "/" + name
        let folder = PluginFolder(beside: file)
        var wantsFiles = false
        switch await verdict(on: file, name, folder) {
        case .refused(let reason): catalog.refused.append(RefusedPlugin(path: file, reason: reason))
        case .plugin(let plugin):
          wantsFiles = plugin.hasFiles
          found.append((plugin, file))
          catalog.refused += folder.refused + Self.problems(of: plugin, file, folder)
        }
        if wantsFiles || access(folder.path, F_OK) == 0 { wanted.append(folder.path) }
      }
      folders = wanted
      // Names that a library has are not another one's for the files that anybody adds.
      for (plugin, file) in found.filter({ !$0.plugin.hasFiles }) + found.filter({ $0.plugin.hasFiles })
      where add(plugin, from: file, to: &catalog) { sources[plugin.name] = file }
      return amend(catalog, sources)
    }

    /// What a plugin says of its parts, each with the file that it begins with.
    private static func problems(
      of plugin: Plugin, _ file: String, _ folder: PluginFolder
    ) -> [RefusedPlugin] {
      guard plugin.hasFiles || folder.isEmpty else {
        let reason = "the plugin `\(plugin.name)` has no use for files of its own"
        return [RefusedPlugin(path: folder.path, reason: reason)]
      }
      return plugin.problems.map { problem in
        guard let name = folder.names.first(where: { problem.hasPrefix("\($0): ") }) else {
          return RefusedPlugin(path: file, reason: "a part of it: \(problem)")
        }
        let reason = String(problem.dropFirst(name.count + ": ".count))
        return RefusedPlugin(path: "\(folder.path)/\(name)", reason: reason)
      }
    }

    private func files() throws -> [String] {
      try TrustedFiles.names(in: path, "plugin directory").filter { $0.hasSuffix(".so") }
    }

    private func verdict(on file: String, _ name: String, _ folder: PluginFolder) async -> Verdict {
      do {
        let opened = try PluginFile(opening: file, owner: geteuid())
        let mark = opened.mark
        let files = try folder.digest(with: "")
        if let last = known[name], last.mark == mark, last.files == files { return last.verdict }
        let digest = try opened.copy(into: builds, with: folder)
        let verdict = try await describe(digest)
        known[name] = (mark, files, verdict)
        return verdict
      } catch {
        return .refused(Self.reason(error))
      }
    }

    /// Returns what a build says of itself, or why it is no plugin.
    /// - Throws: what has nothing to do with the build itself: the next change makes another try.
    private func describe(_ digest: String) async throws -> Verdict {
      let copy = "\(builds)/\(digest).so"
      do {
        var plugin = try await launcher.describe(copy)
        plugin.sha256 = digest
        return .plugin(plugin)
      } catch let error as LinuxError {
        guard case .malformed = error.reason else { throw error }
        if !isInUse(digest) {
          unlink(copy)
          PluginFolder.remove("\(builds)/\(digest).d")
        }
        return .refused(Self.reason(error))
      }
    }

    /// Whether another file with the same bytes was found to be a plugin.
    private func isInUse(_ digest: String) -> Bool {
      known.values.contains {
        if case .plugin(let plugin) = $0.verdict { plugin.sha256 == digest } else { false }
      }
    }

    private static func reason(_ error: any Error) -> String {
      (error as? LinuxError)?.why ?? "\(error)"
    }

    /// Adds a plugin whose names are free, and returns whether it did; the first by file name wins. One with
    /// files of its own loses only the handlers whose names are not.
    private func add(_ plugin: Plugin, from file: String, to catalog: inout Catalog) -> Bool {
      var plugin = plugin
      let taken = Set(catalog.plugins.flatMap(\.handlers).map(\.name))
      if plugin.hasFiles {
        for name in plugin.handlers.map(\.name) where taken.contains(name) {
          let reason = "a part of it: another plugin has the handler `\(name)` already"
          catalog.refused.append(RefusedPlugin(path: file, reason: reason))
        }
        plugin.handlers.removeAll { taken.contains($0.name) }
      }
      if catalog.plugins.contains(where: { $0.name == plugin.name }) {
        let reason = "another file is the plugin `\(plugin.name)` already"
        catalog.refused.append(RefusedPlugin(path: file, reason: reason))
      } else if let double = plugin.handlers.map(\.name).first(where: { taken.contains($0) }) {
        let reason = "another plugin has the handler `\(double)` already"
        catalog.refused.append(RefusedPlugin(path: file, reason: reason))
      } else {
        catalog.plugins.append(plugin)
        return true
      }
      return false
    }
  }
}
