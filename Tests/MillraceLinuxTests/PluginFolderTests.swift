import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

/// Files that belong to a plugin: those in `libx.d` beside `libx.so`.
@Suite(.timeLimit(.minutes(1)))
struct PluginFolderTests {
  private let directory: TemporaryDirectory
  private let launcher = FakeLauncher()
  private var plugins: String { directory.path + "/plugins" }
  private var builds: String { directory.path + "/builds" }

  init() throws {
    directory = try TemporaryDirectory()
    for name in ["plugins", "builds"] { mkdir("\(directory.path)/\(name)", 0o755) }
  }

  /// Puts a file there whole.
  private func put(_ name: String, _ text: String) throws {
    let staged = directory.path + "/staged"
    try Data(text.utf8).write(to: URL(filePath: staged))
    chmod(staged, 0o644)
    try checkErrno(rename(staged, "\(plugins)/\(name)"), "put `\(name)` in place")
  }

  /// What the watched directory publishes.
  private final class Catalogs {
    private var all: AsyncStream<Catalog>.Iterator

    init(of directory: PluginDirectory) { all = directory.catalogs.makeAsyncIterator() }

    /// Waits for a catalog that fits.
    func next(where fits: (Catalog) -> Bool) async throws -> Catalog {
      while let catalog = await all.next() {
        if fits(catalog) { return catalog }
      }
      throw TestFailure("no such catalog came")
    }
  }

  /// Gives `body` the catalogs while the directory is watched.
  private func watching(_ body: (Catalogs) async throws -> Void) async throws {
    let watched = PluginDirectory(
      PluginDirectory.Settings(path: plugins, builds: builds), launcher: launcher,
      history: MemoryJobStore(), log: Logger(label: "test"), clock: ManualClock())
    let catalogs = Catalogs(of: watched)
    let run = Task { try await watched.run() }
    defer { run.cancel() }
    try await body(catalogs)
  }

  private func names(_ catalog: Catalog) -> [String] { catalog.plugins.flatMap { $0.handlers.map(\.name) } }

  private func sha256sum(_ lines: String) -> String { PluginFile.digest(of: Array(lines.utf8)) }

  @Test("files that appear, change and go are another build each, also if the directory comes later")
  func changes() async throws {
    try put("libx.so", "files x")
    let library = sha256sum("files x")
    let build = sha256sum("\(library)  .so\n" + sha256sum("1") + "  one.py\n")
    let copy = "\(builds)/\(build)"
    try await watching { catalogs in
      let bare = try await catalogs.next { $0.plugins.count == 1 }
      #expect(bare.plugins.map(\.sha256) == [library] && names(bare) == [])
      mkdir(plugins + "/libx.d", 0o755)
      try put("libx.d/one.py", "1")
      let first = try await catalogs.next { names($0) == ["one"] }
      #expect(first.plugins.map(\.sha256) == [build] && first.plugins.map(\.path) == [copy + ".so"])
      try put("libx.d/one.py", "2")
      let second = try await catalogs.next { $0.plugins.first?.sha256 != build }
      #expect(names(second) == ["one"])
      unlink(plugins + "/libx.d/one.py")
      let last = try await catalogs.next { names($0).isEmpty }
      #expect(last.plugins.map(\.sha256) == [library])
    }
    // What runs goes on with what it was started with.
    let kept = try Data(contentsOf: URL(filePath: copy + ".d/one.py"))
    #expect(kept == Data("1".utf8))
  }

  @Test("a file that may not be used is told of, and the others are used; directories do not matter")
  func refused() async throws {
    try put("libx.so", "files x")
    mkdir(plugins + "/libx.d", 0o755)
    mkdir(plugins + "/libx.d/__pycache__", 0o755)
    for name in ["bad", "good", "open"] { try put("libx.d/\(name).py", name) }
    chmod(plugins + "/libx.d/open.py", 0o666)
    symlink("/etc/passwd", plugins + "/libx.d/link.py")
    try await watching { catalogs in
      let catalog = try await catalogs.next { !$0.plugins.isEmpty }
      #expect(names(catalog) == ["good"])
      let told = catalog.refused.map { "\($0.path.dropFirst(plugins.count)): \($0.reason)" }
      #expect(
        told.sorted() == [
          "/libx.d/bad.py: it is bad", "/libx.d/link.py: it is a symbolic link",
          "/libx.d/open.py: others may write to it",
        ])
    }
  }

  @Test("names that other plugins have stay theirs; only those handlers are missing")
  func taken() async throws {
    try put("liba.so", "files a")
    mkdir(plugins + "/liba.d", 0o755)
    for name in ["mine", "work"] { try put("liba.d/\(name).py", name) }
    try put("libb.so", "plugin b work")
    try await watching { catalogs in
      let catalog = try await catalogs.next { $0.plugins.count == 2 }
      #expect(catalog.plugins.map(\.name) == ["b", "a"] && names(catalog) == ["work", "mine"])
      #expect(
        catalog.refused == [
          RefusedPlugin(
            path: plugins + "/liba.so", reason: "a part of it: another plugin has the handler `work` already")
        ])
    }
  }

  @Test("files beside a plugin that reads none are told of")
  func useless() async throws {
    try put("libx.so", "plugin x work")
    mkdir(plugins + "/libx.d", 0o755)
    try put("libx.d/file", "text")
    try await watching { catalogs in
      let catalog = try await catalogs.next { !$0.plugins.isEmpty }
      #expect(catalog.refused.map(\.reason) == ["the plugin `x` has no use for files of its own"])
    }
  }

  @Test("a file that has not changed since it was read is not read again")
  func remembered() throws {
    try put("libx.so", "files x")
    mkdir(plugins + "/libx.d", 0o755)
    for name in ["one.py", "two.py"] { try put("libx.d/" + name, name) }
    func look(_ known: [String: PluginFolder.Known] = [:]) -> PluginFolder {
      PluginFolder(beside: plugins + "/libx.so", known: known)
    }
    // Of what has just come one can't be sure yet.
    #expect(look().known.isEmpty)
    var known: [String: PluginFolder.Known] = [:]
    while known.count < 2 { known = look().known }
    let digest = look().digest(with: "")
    #expect(look(known).digest(with: "") == digest)
    // What is remembered counts, so nothing was read.
    known["one.py"]?.digest = "remembered"
    let lines = "  .so\nremembered  one.py\n" + sha256sum("two.py") + "  two.py\n"
    #expect(look(known).digest(with: "") == sha256sum(lines))
    // And a copy is never of something else than was hashed.
    #expect(throws: PluginFolder.HasChanged.self) { try look(known).copy(to: builds + "/x.d") }
    #expect(access(builds + "/x.d", F_OK) != 0)
    let change = open(plugins + "/libx.d/one.py", O_WRONLY)
    #expect(pwrite(change, "O", 1, 0) == 1)
    close(change)
    #expect(look(known).digest(with: "") != digest)
    #expect(look(known).digest(with: "") != sha256sum(lines))
    known["one.py"]?.digest = sha256sum("one.py")
    try look(known).copy(to: builds + "/y.d")
    #expect(try String(contentsOf: URL(filePath: builds + "/y.d/one.py"), encoding: .utf8) == "One.py")
    #expect(try String(contentsOf: URL(filePath: builds + "/y.d/two.py"), encoding: .utf8) == "two.py")
  }

  @Test("copies that nobody needs go as a whole")
  func removed() async throws {
    try put("libx.so", "files x")
    mkdir(plugins + "/libx.d", 0o755)
    try put("libx.d/one.py", "1")
    try await watching { catalogs in
      let build = try #require(try await catalogs.next { !$0.plugins.isEmpty }.plugins.first)
      let files = StateFiles(logs: directory.path, builds: builds)
      #expect(try await files.builds().map(\.sha256) == [build.sha256])
      try await files.removeBuild(build.sha256)
      #expect(try FileManager.default.contentsOfDirectory(atPath: builds) == ["index.json"])
    }
  }
}
