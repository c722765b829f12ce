import FoundationEssentials
import Glibc
import Logging
import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceLinux

/// The list of those who may sign builds, watched with the plugin directory.
@Suite(.timeLimit(.minutes(1)))
struct SignerListTests {
  private let directory: TemporaryDirectory
  private var list: String { directory.path + "/trust/allowed" }

  init() throws {
    directory = try TemporaryDirectory()
    for name in ["plugins", "builds", "trust", "keys"] { mkdir("\(directory.path)/\(name)", 0o755) }
    for name in ["ann", "eve"] {
      try run("-q", "-t", "ed25519", "-N", "", "-C", name, "-f", "\(directory.path)/keys/\(name)")
    }
  }

  private func run(_ words: String...) throws {
    let run = try TestProcess("/usr/bin/ssh-keygen", words).end()
    guard run.status == 0 else { throw TestFailure("ssh-keygen: \(run.errors)") }
  }

  /// Puts a build there that somebody has signed.
  private func put(_ text: String, signedBy name: String) throws {
    let staged = directory.path + "/keys/libx.so"
    try Data(text.utf8).write(to: URL(filePath: staged))
    unlink(staged + ".sig")
    try run("-q", "-Y", "sign", "-f", "\(directory.path)/keys/\(name)", "-n", "millrace-plugin", staged)
    for suffix in [".sig", ""] {
      chmod(staged + suffix, 0o644)
      try checkErrno(rename(staged + suffix, directory.path + "/plugins/libx.so" + suffix), "put it in place")
    }
  }

  /// Writes the list anew, whole.
  private func allow(_ names: String...) throws {
    let lines = try names.map { name in
      let key = "\(directory.path)/keys/\(name).pub"
      return "\(name)@example.org " + (try String(contentsOf: URL(filePath: key), encoding: .utf8))
    }
    try Data(lines.joined().utf8).write(to: URL(filePath: list + ".new"))
    chmod(list + ".new", 0o644)
    try checkErrno(rename(list + ".new", list), "put the list in place")
  }

  @Test("a change of it counts at once, for the build that lies there and for those before it")
  func changes() async throws {
    try allow("ann", "eve")
    var settings = PluginDirectory.Settings(
      path: directory.path + "/plugins", builds: directory.path + "/builds")
    settings.allowedSigners = list
    let plugins = PluginDirectory(
      settings, launcher: FakeLauncher(), history: MemoryJobStore(), log: Logger(label: "test"),
      now: { Sample.time(0) })
    var catalogs = plugins.catalogs.makeAsyncIterator()
    func next(where fits: (Catalog) -> Bool) async throws -> Catalog {
      while let catalog = await catalogs.next() {
        if fits(catalog) { return catalog }
      }
      throw TestFailure("no such catalog came")
    }
    func serves(_ handlers: [String]) -> (Catalog) -> Bool {
      { $0.plugins.flatMap { $0.handlers.map(\.name) } == handlers }
    }
    let watching = Task { try await plugins.run() }
    defer { watching.cancel() }
    try put("plugin x one", signedBy: "eve")
    _ = try await next(where: serves(["one"]))
    try put("plugin x two", signedBy: "ann")
    _ = try await next(where: serves(["two"]))
    try put("plugin x three", signedBy: "eve")
    _ = try await next(where: serves(["three"]))
    // What she has signed serves no more; the newest of the others does.
    try allow("ann")
    let without = try await next(where: serves(["two"]))
    #expect(without.plugins.first?.standsIn?.quarantine?.cause == .signature)
    #expect(without.quarantined == [.signature: 1])
    await #expect(throws: Refusal.self) { try await plugins.rollback("x") }
    try allow("eve")
    #expect(try await next(where: serves(["three"])).plugins.first?.standsIn == nil)
    // Back to what eve has signed, past what ann has.
    #expect(try await plugins.rollback("x").sha256 == SHA256.hex(of: "plugin x one".utf8))
    _ = try await next(where: serves(["one"]))
    try allow()
    #expect(try await next { $0.plugins.isEmpty }.quarantined == [.signature: 1])
  }
}
