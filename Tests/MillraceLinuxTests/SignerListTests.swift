import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

/// Signatures of the plugins in a watched directory, and the list of those who may sign.
@Suite(.timeLimit(.minutes(1)))
struct SignerListTests {
  private let directory: TemporaryDirectory
  private let signers: Signers
  private var plugins: String { directory.path + "/plugins" }

  init() throws {
    directory = try TemporaryDirectory()
    for name in ["plugins", "builds"] { mkdir("\(directory.path)/\(name)", 0o755) }
    signers = try Signers("ann", "eve", in: directory.path)
  }

  /// Puts a build there; that somebody has signed it comes first.
  private func put(_ text: String, signedBy name: String?, as file: String = "libx.so") throws {
    if let name {
      try signers.put(try signers.signature(of: text, by: name), at: "\(plugins)/\(file).sig")
    }
    try signers.put(text, at: "\(plugins)/\(file)")
  }

  /// What the watched directory publishes.
  private final class Catalogs {
    private var all: AsyncStream<Catalog>.Iterator

    init(of directory: PluginDirectory) { all = directory.catalogs.makeAsyncIterator() }

    /// Waits for a catalog with these handlers, and with these words in why something is refused; without
    /// words, for one where nothing is.
    @discardableResult
    func next(_ handlers: [String], refusing words: String? = nil) async throws -> Catalog {
      var last: Catalog?
      while let catalog = await all.next() {
        let faults = catalog.plugins.compactMap(\.standsIn?.quarantine?.reason)
        let reasons = catalog.refused.map(\.reason) + faults
        let isRefused = words.map { words in reasons.contains { $0.contains(words) } } ?? reasons.isEmpty
        if isRefused, catalog.plugins.flatMap({ $0.handlers.map(\.name) }) == handlers { return catalog }
        last = catalog
      }
      throw TestFailure("no such catalog came, the last was \(String(describing: last))")
    }
  }

  /// Gives `body` the directory and its catalogs while it is watched.
  private func watching(_ body: (PluginDirectory, Catalogs) async throws -> Void) async throws {
    var settings = PluginDirectory.Settings(path: plugins, builds: directory.path + "/builds")
    settings.allowedSigners = signers.list
    let watched = PluginDirectory(
      settings, launcher: FakeLauncher(), history: MemoryJobStore(), log: Logger(label: "test"),
      now: { Sample.time(0) })
    let catalogs = Catalogs(of: watched)
    let run = Task { try await watched.run() }
    defer { run.cancel() }
    try await body(watched, catalogs)
  }

  private static let notAllowed = "is no signature of anybody who may sign plugins"

  @Test("a change of the list counts at once, for the build that lies there and for those before it")
  func changes() async throws {
    try signers.allow("ann", "eve")
    try await watching { watched, catalogs in
      try put("plugin x one", signedBy: "eve")
      try await catalogs.next(["one"])
      try put("plugin x two", signedBy: "ann")
      try await catalogs.next(["two"])
      try put("plugin x three", signedBy: "eve")
      try await catalogs.next(["three"])
      // What she has signed serves no more; the newest of the others does.
      try signers.allow("ann")
      let without = try await catalogs.next(["two"], refusing: "`libx.so.sig` \(Self.notAllowed)")
      #expect(without.quarantined == [.signature: 1])
      await #expect(throws: Refusal.self) { try await watched.rollback("x") }
      try signers.allow("eve")
      try await catalogs.next(["three"])
      // Back to what eve has signed, past what ann has.
      #expect(try await watched.rollback("x").sha256 == SHA256.hex(of: "plugin x one".utf8))
      try await catalogs.next(["one"])
      try signers.allow()
      #expect(try await catalogs.next([], refusing: Self.notAllowed).quarantined == [.signature: 1])
    }
  }

  @Test("an earlier build whose signer may sign again can serve again")
  func earlierBuild() async throws {
    try signers.allow("ann", "eve")
    try await watching { watched, catalogs in
      try put("plugin x one", signedBy: "ann")
      try await catalogs.next(["one"])
      try put("plugin x two", signedBy: "eve")
      try await catalogs.next(["two"])
      try signers.allow("ann")
      try await catalogs.next(["one"], refusing: Self.notAllowed)
      try put("rubbish", signedBy: "ann")
      try await catalogs.next(["one"], refusing: "it is garbage")
      #expect(await watched.builds(of: "x").map(\.state) == [.quarantined, .quarantined, .serving])
      try signers.allow("ann", "eve")
      try await catalogs.next(["two"], refusing: "it is garbage")
      #expect(await watched.builds(of: "x").map(\.state) == [.quarantined, .serving, .earlier])
    }
  }

  @Test("a build serves as soon as its signature is there, its signer is allowed, and the list is back")
  func late() async throws {
    try signers.allow("ann")
    try await watching { _, catalogs in
      try put("plugin x one", signedBy: nil)
      try await catalogs.next([], refusing: "it is not signed: there is no `libx.so.sig` beside it")
      try put("plugin x one", signedBy: "eve")
      try await catalogs.next([], refusing: Self.notAllowed)
      try signers.allow("ann", "eve")
      try await catalogs.next(["one"])
      // Without a list nobody can tell: what serves goes on, nothing new begins.
      unlink(signers.list)
      try await catalogs.next(["one"], refusing: "there is no `\(signers.list)`")
      try put("plugin y two", signedBy: "eve", as: "liby.so")
      try signers.allow("ann")
      try await catalogs.next([], refusing: Self.notAllowed)
      try signers.allow("eve")
      try await catalogs.next(["one", "two"])
    }
  }
}
