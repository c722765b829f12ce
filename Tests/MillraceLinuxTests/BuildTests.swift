import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import Testing
import TestSupport

@testable import MillraceLinux

@Suite("Builds in the plugin directory", .timeLimit(.minutes(1)))
struct BuildTests {
  /// A state directory and a plugin directory over several runs of a runner.
  private final class Place {
    let directory: TemporaryDirectory
    let launcher = FakeLauncher()
    let store = MemoryJobStore()
    var allowedSigners: String?

    init() throws {
      directory = try TemporaryDirectory()
      mkdir(directory.path + "/builds", 0o755)
      mkdir(directory.path + "/plugins", 0o755)
    }

    func path(_ name: String) -> String { "\(directory.path)/plugins/\(name)" }

    /// Puts a file there whole.
    func put(_ name: String, _ text: String) throws {
      let staged = directory.path + "/incoming"
      try Data(text.utf8).write(to: URL(filePath: staged))
      rename(staged, path(name))
    }

    func digest(_ text: String) -> String { SHA256.hex(of: text.utf8) }

    /// Watches the directory while `body` works.
    func run(_ body: (PluginDirectory, inout Catalogs) async throws -> Void) async throws {
      var settings = PluginDirectory.Settings(
        path: directory.path + "/plugins", builds: directory.path + "/builds")
      settings.allowedSigners = allowedSigners
      let plugins = PluginDirectory(
        settings, launcher: launcher, history: store, log: Logger(label: "test"), clock: ManualClock())
      var catalogs = Catalogs(plugins.catalogs)
      let run = Task { try await plugins.run() }
      defer { run.cancel() }
      try await body(plugins, &catalogs)
      run.cancel()
      try await run.value
    }

    /// Has so many attempts at a build end, each at a job of its own.
    func end(_ count: Int, at build: String, as outcome: Outcome) async throws -> [AttemptID] {
      var ids: [AttemptID] = []
      for _ in 0..<count {
        let job = try await store.submit([Sample.plain()], at: Sample.time(0))[0]
        var attempt = Sample.attempt(job)
        attempt.pluginSHA256 = build
        let end = AttemptEnd(outcome: outcome, ended: Sample.time(20))
        try await store.commit([
          .starting(attempt), .running(attempt.id, at: Sample.time(11)),
          .ended(attempt.id, end, next: .done(outcome == .succeeded ? .succeeded : .failed)),
        ])
        ids.append(attempt.id)
      }
      return ids
    }
  }

  /// What a directory publishes.
  private struct Catalogs {
    private var iterator: AsyncStream<Catalog>.Iterator

    init(_ stream: AsyncStream<Catalog>) { iterator = stream.makeAsyncIterator() }

    /// Waits until a plugin, or else the first of all, serves with these handlers.
    mutating func serving(_ handlers: [String], of plugin: String? = nil) async throws -> Catalog {
      while let catalog = await iterator.next() {
        let found = catalog.plugins.first { plugin == nil || $0.name == plugin }
        if found?.handlers.map(\.name) == handlers { return catalog }
      }
      throw TestFailure("no such catalog came")
    }
  }

  @Test("one can go back to the build before; over a restart, until another one comes")
  func rollback() async throws {
    let place = try Place()
    try await place.run { plugins, catalogs in
      try place.put("libx.so", "plugin x one")
      _ = try await catalogs.serving(["one"])
      await #expect(throws: Refusal.self) { try await plugins.rollback("x") }
      try place.put("libx.so", "plugin x two")
      _ = try await catalogs.serving(["two"])
      #expect(try await plugins.rollback("x").sha256 == place.digest("plugin x one"))
      let plugin = try #require(try await catalogs.serving(["one"]).plugins.first)
      #expect(plugin.standsIn?.sha256 == place.digest("plugin x two"))
      #expect(plugin.standsIn?.quarantine == nil && plugin.standsIn?.file == place.path("libx.so"))
      #expect(await plugins.builds(of: "x").map(\.state) == [.rolledBack, .serving])
      #expect(await plugins.neededBuilds().count == 2)
      await #expect(throws: Refusal.self) { try await plugins.rollback("y") }
    }
    try await place.run { plugins, catalogs in
      _ = try await catalogs.serving(["one"])
      try place.put("libx.so", "plugin x three")
      #expect(try await catalogs.serving(["three"]).plugins.first?.standsIn == nil)
      #expect(await plugins.builds(of: "x").map(\.state) == [.serving, .earlier, .earlier])
    }
  }

  @Test("a build that is no plugin is in quarantine, and the last good one serves; over a restart, too")
  func undescribed() async throws {
    let place = try Place()
    try place.put("libx.so", "plugin x one")
    try await place.run { plugins, catalogs in
      _ = try await catalogs.serving(["one"])
      try place.put("libx.so", "rubbish")
      var plugin: Plugin?
      repeat { plugin = try await catalogs.serving(["one"]).plugins.first } while plugin?.standsIn == nil
      #expect(plugin?.standsIn?.quarantine?.reason == "it is garbage")
      try place.put("liby.so", "rubbish, too")
      var catalog: Catalog
      repeat { catalog = try await catalogs.serving(["one"]) } while catalog.refused.isEmpty
      #expect(catalog.quarantined == [.description: 2])
      unlink(place.path("liby.so"))
      #expect(await plugins.builds(of: "x").map(\.state) == [.quarantined, .serving])
    }
    try await place.run { _, catalogs in
      let catalog = try await catalogs.serving(["one"])
      #expect(catalog.plugins.first?.standsIn?.quarantine?.cause == .description)
      #expect(catalog.refused == [])
      try place.put("libx.so", "plugin x two")
      let mended = try await catalogs.serving(["two"])
      #expect(mended.plugins.first?.standsIn == nil && mended.quarantined.isEmpty)
    }
  }

  @Test("a build whose first attempts crash is in quarantine, and the last good one serves")
  func crashing() async throws {
    let place = try Place()
    try place.put("libx.so", "plugin x one")
    let bad = place.digest("plugin x two")
    try await place.run { plugins, catalogs in
      _ = try await catalogs.serving(["one"])
      try place.put("libx.so", "plugin x two")
      _ = try await catalogs.serving(["two"])
      plugins.crashed(try await place.end(2, at: bad, as: .crashed))
      plugins.crashed(try await place.end(1, at: bad, as: .crashed))
      let catalog = try await catalogs.serving(["one"])
      let quarantine = catalog.plugins.first?.standsIn?.quarantine
      #expect(quarantine?.cause == .crashes && catalog.quarantined == [.crashes: 1])
      #expect(quarantine?.reason == "its first 3 attempts crashed, the last of them was 3.1")
    }
    try await place.run { plugins, catalogs in
      _ = try await catalogs.serving(["one"])
      #expect(await plugins.builds(of: "x").map(\.state) == [.quarantined, .serving])
    }
  }

  @Test("a build that has come to a word of its own stays, and so does one that nothing could replace")
  func proven() async throws {
    let place = try Place()
    try place.put("libx.so", "plugin x one")
    try place.put("liby.so", "plugin y uno")
    try await place.run { plugins, catalogs in
      _ = try await catalogs.serving(["uno"], of: "y")
      try place.put("liby.so", "plugin y due")
      _ = try await catalogs.serving(["due"], of: "y")
      plugins.crashed(try await place.end(5, at: place.digest("plugin x one"), as: .crashed))
      // One crash is judged after the other: when this one is, those are.
      plugins.crashed(try await place.end(3, at: place.digest("plugin y due"), as: .crashed))
      _ = try await catalogs.serving(["uno"], of: "y")
      try place.put("libx.so", "plugin x two")
      _ = try await catalogs.serving(["two"])
      let second = place.digest("plugin x two")
      _ = try await place.end(1, at: second, as: .error)
      plugins.crashed(try await place.end(5, at: second, as: .crashed))
      try place.put("libx.so", "plugin x three")
      _ = try await catalogs.serving(["three"])
      let third = place.digest("plugin x three")
      plugins.crashed(try await place.end(3, at: third, as: .crashed))
      let catalog = try await catalogs.serving(["two"])
      #expect(catalog.plugins.first?.sha256 == second)
      #expect(await plugins.builds(of: "x").map(\.state) == [.quarantined, .serving, .earlier])
    }
  }

  @Test("a file that somebody writes is left until it is whole")
  func growing() async throws {
    let place = try Place()
    try place.put("libx.so", "plugin x one")
    try await place.run { _, catalogs in
      _ = try await catalogs.serving(["one"])
      var file: Descriptor? = try Descriptor(opening: place.path("libx.so"), flags: O_WRONLY | O_TRUNC)
      try Array("plugin x".utf8).withUnsafeBytes { try file?.write($0, "half") }
      // Another change has the directory looked at.
      try place.put("liby.so", "plugin y other")
      var catalog: Catalog
      repeat { catalog = try await catalogs.serving(["one"]) } while catalog.plugins.count < 2
      #expect(place.launcher.described.sorted() == ["plugin x one", "plugin y other"])
      try Array(" two".utf8).withUnsafeBytes { try file?.write($0, "rest") }
      file = nil
      _ = try await catalogs.serving(["two"])
    }
  }

  @Test("a build with the name of another plugin does not take it, and what it was before serves on")
  func stolenName() async throws {
    let place = try Place()
    try place.put("libb.so", "plugin b two")
    try await place.run { _, catalogs in
      _ = try await catalogs.serving(["two"])
      try place.put("liba.so", "plugin a one")
      _ = try await catalogs.serving(["one"])
      try place.put("liba.so", "plugin b three")
      var catalog: Catalog
      repeat { catalog = try await catalogs.serving(["one"]) } while catalog.refused.isEmpty
      #expect(catalog.plugins.map(\.name) == ["a", "b"])
      #expect(catalog.refused.map(\.reason) == ["another file is the plugin `b` already"])
    }
  }

  @Test("what was before is forgotten, with a word in the log, if it can't be read")
  func damaged() async throws {
    let place = try Place()
    try Data("{".utf8).write(to: URL(filePath: place.directory.path + "/builds/index.json"))
    chmod(place.directory.path + "/builds/index.json", 0o644)
    try place.put("libx.so", "plugin x one")
    try await place.run { plugins, catalogs in
      _ = try await catalogs.serving(["one"])
      #expect(await plugins.builds(of: "x").map(\.state) == [.serving])
    }
  }
}

@Suite("Signatures of builds", .timeLimit(.minutes(1)))
struct BuildSignatureTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func path(_ name: String) -> String { directory.path + "/" + name }

  private func run(_ words: String...) throws {
    let run = try TestProcess("/usr/bin/ssh-keygen", words).end()
    guard run.status == 0 else { throw TestFailure("ssh-keygen: \(run.errors)") }
  }

  /// Makes a key, and signs a file with it.
  private func sign(_ file: String, by name: String, for namespace: String = "millrace-plugin") throws {
    if access(path(name), F_OK) != 0 {
      try run("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path(name))
    }
    unlink(file + ".sig")
    try run("-q", "-Y", "sign", "-f", path(name), "-n", namespace, file)
    chmod(file + ".sig", 0o644)
  }

  private func allow(_ name: String) throws -> BuildSignatures {
    let key = try String(contentsOf: URL(filePath: path(name + ".pub")), encoding: .utf8)
    try Data("\(name)@example.org \(key)".utf8).write(to: URL(filePath: path("allowed")))
    chmod(path("allowed"), 0o644)
    return BuildSignatures(allowedSigners: path("allowed"))
  }

  private func put(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: URL(filePath: path(name)))
    return path(name)
  }

  @Test("whoever may sign is told; another one, another file, another purpose and no signature are refused")
  func signatures() async throws {
    let file = try put("libx.so", "plugin")
    try sign(file, by: "ann")
    let signatures = try allow("ann")
    #expect(try await signatures.signer(of: file, signature: file + ".sig") == "ann@example.org")
    func refusal() async -> String {
      do {
        let signer = try await signatures.signer(of: file, signature: file + ".sig")
        return "signed by \(signer)"
      } catch {
        guard case .forbidden(let why)? = (error as? LinuxError)?.reason else { return "\(error)" }
        return why
      }
    }
    _ = try put("libx.so", "plugin that was changed")
    #expect(await refusal().hasPrefix("`libx.so.sig` of `ann@example.org` does not fit it"))
    try sign(file, by: "eve")
    #expect(await refusal() == "`libx.so.sig` is no signature of anybody who may sign plugins")
    try sign(file, by: "ann", for: "file")
    #expect(await refusal().hasPrefix("`libx.so.sig` of `ann@example.org` does not fit it"))
    _ = try put("libx.so.sig", "rubbish")
    #expect(await refusal() == "`libx.so.sig` is no signature of anybody who may sign plugins")
    unlink(file + ".sig")
    #expect(await refusal() == "it is not signed: there is no `libx.so.sig` beside it")
  }

  @Test("without a list of signers nothing is said of a build")
  func noList() async throws {
    let file = try put("libx.so", "plugin")
    try sign(file, by: "ann")
    let signatures = BuildSignatures(allowedSigners: path("none"))
    let error = await #expect(throws: LinuxError.self) {
      try await signatures.signer(of: file, signature: file + ".sig")
    }
    #expect(error?.reason == .missing("there is no `\(path("none"))`"))
  }
}
