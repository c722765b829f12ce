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

  /// Signs a library with the files in its directory.
  private func signAll(of file: String, by name: String) throws {
    let list = try #require(try SignedText.list(of: "\(plugins)/\(file)"))
    try signers.put(try signers.signature(of: list, by: name), at: "\(plugins)/\(file).sig")
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
      clock: ManualClock())
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

  @Test("with files of its own a plugin is signed as a whole: what is changed, added or removed is refused")
  func files() async throws {
    try signers.allow("ann")
    let folder = plugins + "/libx.d"
    mkdir(folder, 0o755)
    try signers.put("1", at: folder + "/one.py")
    try await watching { _, catalogs in
      // The library's own signature says nothing of the files.
      try put("files x", signedBy: "ann")
      let unfit = "`libx.so.sig` of `ann@example.org` does not fit it and its files"
      try await catalogs.next([], refusing: unfit)
      try signAll(of: "libx.so", by: "ann")
      let whole = try await catalogs.next(["one"])
      func stays(_ words: String) async throws {
        let catalog = try await catalogs.next(["one"], refusing: words)
        #expect(catalog.plugins.map(\.sha256) == whole.plugins.map(\.sha256))
        #expect(catalog.quarantined == [.signature: 1] && catalog.refused.isEmpty)
      }
      try signers.put("2", at: folder + "/one.py")
      try await stays(unfit)
      try signers.put("1", at: folder + "/one.py")
      try await catalogs.next(["one"])
      try signers.put("1", at: folder + "/two.py")
      try await stays(unfit)
      unlink(folder + "/two.py")
      try await catalogs.next(["one"])
      unlink(folder + "/one.py")
      try await stays("`libx.so.sig` of `ann@example.org` does not fit it:")
      try signers.put("2", at: folder + "/two.py")
      try await stays(unfit)
      try signAll(of: "libx.so", by: "ann")
      try await catalogs.next(["two"])
    }
  }

  @Test("a signature of another plugin's files does not count")
  func othersFiles() async throws {
    try signers.allow("ann")
    for (name, file) in [("x", "one.py"), ("y", "two.py")] {
      mkdir("\(plugins)/lib\(name).d", 0o755)
      try signers.put(name, at: "\(plugins)/lib\(name).d/\(file)")
      try signers.put("files \(name)", at: "\(plugins)/lib\(name).so")
    }
    try signAll(of: "libx.so", by: "ann")
    let signature = try String(contentsOf: URL(filePath: plugins + "/libx.so.sig"), encoding: .utf8)
    try signers.put(signature, at: plugins + "/liby.so.sig")
    try await watching { _, catalogs in
      try await catalogs.next(["one"], refusing: "`liby.so.sig` of `ann@example.org` does not fit it and its")
      try signAll(of: "liby.so", by: "ann")
      try await catalogs.next(["one", "two"])
    }
  }

  @Test("what is to be signed names each file, and is refused if the runner would leave one out")
  func list() throws {
    try signers.put("files x", at: plugins + "/libx.so")
    let library = PluginFile.digest(of: Array("files x".utf8))
    #expect(try SignedText.list(of: plugins + "/libx.so") == nil)
    mkdir(plugins + "/libx.d", 0o755)
    try signers.put("1", at: plugins + "/libx.d/one.py")
    let one = PluginFile.digest(of: Array("1".utf8))
    #expect(try SignedText.list(of: plugins + "/libx.so") == "\(library)  .so\n\(one)  one.py\n")
    #expect(throws: LinuxError.self) { try SignedText.list(of: plugins + "/liby.so") }
    chmod(plugins + "/libx.d/one.py", 0o666)
    let error = #expect(throws: LinuxError.self) { try SignedText.list(of: plugins + "/libx.so") }
    #expect(error?.reason == .forbidden("`\(plugins)/libx.d/one.py`: others may write to it"))
  }
}
