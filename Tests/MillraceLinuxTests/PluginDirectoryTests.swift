import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

@Suite(.timeLimit(.minutes(1)))
struct PluginDirectoryTests {
  /// A plugin directory that is watched, and what it has published.
  private final class Watched {
    let directory: TemporaryDirectory
    let launcher = FakeLauncher()
    let plugins: PluginDirectory
    private var catalogs: AsyncStream<Catalog>.Iterator

    init() throws {
      directory = try TemporaryDirectory()
      mkdir(directory.path + "/builds", 0o755)
      plugins = PluginDirectory(
        PluginDirectory.Settings(path: directory.path + "/plugins", builds: directory.path + "/builds"),
        launcher: launcher, history: MemoryJobStore(), log: Logger(label: "test"), clock: ManualClock())
      catalogs = plugins.catalogs.makeAsyncIterator()
    }

    func path(_ name: String) -> String { "\(directory.path)/plugins/\(name)" }

    /// Puts a file there as `cp` does: it grows under its name.
    func write(_ name: String, _ text: String) throws {
      let file = try Descriptor(opening: path(name), flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
      try Array(text.utf8).withUnsafeBytes { try file.write($0, name) }
    }

    /// Puts a file there as `install` and `mv` do: it comes whole.
    func move(_ name: String, _ text: String) throws {
      let file = try Descriptor(
        opening: directory.path + "/incoming", flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
      try Array(text.utf8).withUnsafeBytes { try file.write($0, name) }
      rename(directory.path + "/incoming", path(name))
    }

    /// Waits for a catalog that fits; the newest counts.
    func catalog(where question: (Catalog) -> Bool) async throws -> Catalog {
      while let catalog = await catalogs.next() {
        if question(catalog) { return catalog }
      }
      throw TestFailure("no such catalog came")
    }

    /// Waits until exactly these plugins are in use and these files refused.
    @discardableResult
    func settled(_ names: [String], refused: [String] = []) async throws -> Catalog {
      try await catalog {
        $0.plugins.map(\.name) == names
          && $0.refused.map { $0.path.split(separator: "/").last.map(String.init) } == refused
      }
    }

    func builds() throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: directory.path + "/builds")
        .filter { $0 != "index.json" }
    }
  }

  /// Gives `body` a plugin directory that is watched while it runs; its first catalog, of nothing, has come.
  private func watching(_ body: (Watched) async throws -> Void) async throws {
    let watched = try Watched()
    let run = Task { [plugins = watched.plugins] in try await plugins.run() }
    try await watched.settled([])
    do { try await body(watched) } catch {
      run.cancel()
      throw error
    }
    run.cancel()
    try await run.value
  }

  @Test("a plugin that is copied in is found, under its digest")
  func copied() async throws {
    try await watching { watched in
      try watched.write("libx.so", "plugin x work")
      let catalog = try await watched.settled(["x"])
      let plugin = try #require(catalog.plugins.first)
      #expect(plugin.handlers.map(\.name) == ["work"])
      #expect(plugin.sha256.count == 64)
      #expect(plugin.path == "\(watched.directory.path)/builds/\(plugin.sha256).so")
      let copy = try Data(contentsOf: URL(filePath: plugin.path))
      #expect(copy == Data("plugin x work".utf8))
    }
  }

  @Test("a plugin that is moved in is found")
  func moved() async throws {
    try await watching { watched in
      try watched.move("libx.so", "plugin x work")
      try await watched.settled(["x"])
    }
  }

  @Test("a plugin that is there at the start is found")
  func there() async throws {
    let watched = try Watched()
    mkdir(watched.directory.path + "/plugins", 0o755)
    try watched.write("libx.so", "plugin x work")
    let run = Task { [plugins = watched.plugins] in try await plugins.run() }
    try await watched.settled(["x"])
    run.cancel()
    try await run.value
  }

  @Test("a replaced plugin is another build", arguments: [true, false])
  func replaced(byMove: Bool) async throws {
    try await watching { watched in
      try watched.write("libx.so", "plugin x old")
      let old = try #require(try await watched.settled(["x"]).plugins.first)
      if byMove {
        try watched.move("libx.so", "plugin x new")
      } else {
        try watched.write("libx.so", "plugin x new")
      }
      let catalog = try await watched.catalog { $0.plugins.first?.handlers.first?.name == "new" }
      #expect(catalog.plugins.count == 1)
      #expect(catalog.plugins.first?.sha256 != old.sha256)
      #expect(access(old.path, R_OK) == 0, "what runs may still need it")
    }
  }

  @Test("a removed plugin is gone", arguments: [true, false])
  func removed(byMove: Bool) async throws {
    try await watching { watched in
      try watched.write("libx.so", "plugin x work")
      try await watched.settled(["x"])
      if byMove {
        rename(watched.path("libx.so"), watched.directory.path + "/elsewhere")
      } else {
        unlink(watched.path("libx.so"))
      }
      try await watched.settled([])
    }
  }

  @Test("a plugin that others may write to is refused with the reason, until they may not")
  func chmodded() async throws {
    try await watching { watched in
      try watched.write("libx.so", "plugin x work")
      try await watched.settled(["x"])
      chmod(watched.path("libx.so"), 0o666)
      let catalog = try await watched.settled([], refused: ["libx.so"])
      #expect(catalog.refused.first?.reason == "others may write to it")
      chmod(watched.path("libx.so"), 0o644)
      try await watched.settled(["x"])
    }
  }

  @Test("garbage is refused with the reason, and no copy of it stays")
  func garbage() async throws {
    try await watching { watched in
      try watched.write("libx.so", "rubbish")
      let catalog = try await watched.settled([], refused: ["libx.so"])
      #expect(catalog.refused == [RefusedPlugin(path: watched.path("libx.so"), reason: "it is garbage")])
      let builds = try watched.builds()
      #expect(builds == [])
    }
  }

  @Test("what is neither a file nor called .so does not matter, or is refused")
  func others() async throws {
    try await watching { watched in
      try watched.write("README", "plugin readme x")
      try watched.write(".hidden.so", "plugin hidden x")
      mkfifo(watched.path("pipe.so"), 0o644)
      mkdir(watched.path("folder.so"), 0o755)
      try watched.write("libz.so", "plugin z work")
      let catalog = try await watched.settled(["z"], refused: ["folder.so", "pipe.so"])
      #expect(catalog.refused.map(\.reason) == ["it is no regular file", "it is no regular file"])
    }
  }

  @Test("of two files with one plugin's name the first is taken")
  func twice() async throws {
    try await watching { watched in
      try watched.write("liba.so", "plugin x one")
      try watched.write("libb.so", "plugin x two")
      let catalog = try await watched.settled(["x"], refused: ["libb.so"])
      #expect(catalog.plugins.first?.handlers.map(\.name) == ["one"])
      #expect(catalog.refused.first?.reason == "another file is the plugin `x` already")
      unlink(watched.path("liba.so"))
      let next = try await watched.settled(["x"])
      #expect(next.plugins.first?.handlers.map(\.name) == ["two"])
    }
  }

  @Test("of two plugins with one handler's name the first is taken")
  func oneHandler() async throws {
    try await watching { watched in
      try watched.write("liba.so", "plugin a work more")
      try watched.write("libb.so", "plugin b other work")
      let catalog = try await watched.settled(["a"], refused: ["libb.so"])
      #expect(catalog.refused.first?.reason == "another plugin has the handler `work` already")
    }
  }

  @Test("a file that has not changed is not described again")
  func unchanged() async throws {
    try await watching { watched in
      try watched.write("liba.so", "plugin a one")
      try await watched.settled(["a"])
      try watched.write("libb.so", "plugin b two")
      try await watched.settled(["a", "b"])
      #expect(watched.launcher.described.filter { $0 == "plugin a one" }.count == 1)
    }
  }

  @Test("a directory that others may write to is refused as a whole")
  func openDirectory() async throws {
    let watched = try Watched()
    mkdir(watched.directory.path + "/plugins", 0o755)
    chmod(watched.directory.path + "/plugins", 0o777)
    try watched.write("libx.so", "plugin x work")
    let run = Task { [plugins = watched.plugins] in try await plugins.run() }
    let catalog = try await watched.settled([], refused: ["plugins"])
    #expect(catalog.refused.first?.reason.contains("others may write to it") == true)
    #expect(watched.launcher.described == [])
    run.cancel()
    try await run.value
  }

  @Test("a directory that can't be made is an error")
  func noDirectory() async throws {
    let directory = try TemporaryDirectory()
    let plugins = PluginDirectory(
      PluginDirectory.Settings(path: directory.path + "/none/plugins", builds: directory.path),
      launcher: FakeLauncher(), history: MemoryJobStore(), log: Logger(label: "test"),
      clock: ManualClock())
    await #expect(throws: LinuxError.self) { try await plugins.run() }
  }
}
