import FoundationEssentials
import Glibc
import Testing
import TestSupport

@testable import MillraceLinux

@Suite(.timeLimit(.minutes(1)))
struct PluginFileTests {
  private let directory: TemporaryDirectory
  private var path: String { directory.path + "/libx.so" }

  init() throws {
    directory = try TemporaryDirectory()
    mkdir(directory.path + "/builds", 0o755)
  }

  private func write(_ bytes: Int = 100, mode: mode_t = 0o644) throws {
    try Data((0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 7) }).write(to: URL(filePath: path))
    chmod(path, mode)
  }

  private func reason(owner: UInt32 = geteuid()) -> LinuxError.Reason? {
    #expect(throws: LinuxError.self) { _ = try PluginFile(opening: path, owner: owner) }?.reason
  }

  @Test("a file of root's or the runner's is taken", arguments: [(0, 1000), (1000, 1000), (0, 0)])
  func owned(_ owner: uid_t, _ runner: UInt32) throws {
    try write()
    chown(path, owner, 0)
    _ = try PluginFile(opening: path, owner: runner)
  }

  @Test("a file of another user's is refused")
  func foreign() throws {
    try write()
    chown(path, 1000, 0)
    #expect(reason(owner: 1001) == .forbidden("user 1000 owns it, not root or the runner's user"))
  }

  @Test("a file that others may write to is refused", arguments: [0o664, 0o646, 0o666, 0o777])
  func writable(_ mode: mode_t) throws {
    try write(mode: mode)
    #expect(reason() == .forbidden("others may write to it"))
  }

  @Test("a file that is executable, or only the owner's to read, is taken", arguments: [0o600, 0o755, 0o444])
  func modes(_ mode: mode_t) throws {
    try write(mode: mode)
    _ = try PluginFile(opening: path, owner: geteuid())
  }

  @Test("a directory is refused")
  func notADirectory() {
    mkdir(path, 0o755)
    #expect(reason() == .forbidden("it is no regular file"))
  }

  @Test("a pipe is refused, without waiting for its writer")
  func pipe() {
    mkfifo(path, 0o644)
    #expect(reason() == .forbidden("it is no regular file"))
  }

  @Test("a link is as good as the file that it leads to")
  func link() throws {
    try write()
    rename(path, directory.path + "/target")
    symlink("target", path)
    let linked = try PluginFile(opening: path, owner: geteuid())
    let target = try PluginFile(opening: directory.path + "/target", owner: geteuid())
    #expect(linked.mark == target.mark)
    chmod(directory.path + "/target", 0o666)
    #expect(reason() == .forbidden("others may write to it"))
  }

  @Test("a link that leads nowhere is refused")
  func brokenLink() {
    symlink("nowhere", path)
    #expect(reason() == .kernel(ENOENT))
  }

  @Test("the copy is the file, under its SHA-256", arguments: [0, 1, 256 << 10, (256 << 10) + 1, 3_000_000])
  func copy(_ length: Int) throws {
    try write(length)
    let file = try PluginFile(opening: path, owner: geteuid())
    let digest = try file.copy(into: directory.path + "/builds")
    #expect(digest == (try sha256sum(path)))
    let copied = "\(directory.path)/builds/\(digest).so"
    #expect(try Data(contentsOf: URL(filePath: copied)) == Data(contentsOf: URL(filePath: path)))
    var facts = stat()
    #expect(stat(copied, &facts) == 0)
    #expect(facts.st_mode & 0o7777 == 0o644, "jobs of any user can read it, whatever the umask")
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path + "/builds").count == 1)
  }

  @Test("what is copied is what was opened, even if the name is another file's by then")
  func replaced() throws {
    try write(10)
    let file = try PluginFile(opening: path, owner: geteuid())
    let expected = try sha256sum(path)
    unlink(path)
    try write(20)
    #expect(try file.copy(into: directory.path + "/builds") == expected)
  }

  @Test("a copy that does not fit leaves nothing behind")
  func fullDisk() throws {
    let disk = try SmallDisk(kibibytes: 16, at: directory.path + "/small")
    try write(100_000)
    let file = try PluginFile(opening: path, owner: geteuid())
    let error = #expect(throws: LinuxError.self) { try file.copy(into: disk.path) }
    #expect(error?.reason == .kernel(ENOSPC))
    #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
  }

  @Test("the mark changes with the content, the mode and the file")
  func mark() throws {
    try write()
    let first = try PluginFile(opening: path, owner: geteuid()).mark
    #expect(try PluginFile(opening: path, owner: geteuid()).mark == first)
    chmod(path, 0o600)
    let second = try PluginFile(opening: path, owner: geteuid()).mark
    #expect(second != first)
    unlink(path)
    try write()
    #expect(try PluginFile(opening: path, owner: geteuid()).mark != second)
  }

  /// Asks coreutils.
  private func sha256sum(_ path: String) throws -> String {
    guard let output = popen("sha256sum '\(path)'", "r") else { throw TestFailure("cannot run sha256sum") }
    defer { pclose(output) }
    var line = [UInt8](repeating: 0, count: 64)
    guard fread(&line, 1, 64, output) == 64 else { throw TestFailure("sha256sum said nothing") }
    return String(decoding: line, as: UTF8.self)
  }
}
