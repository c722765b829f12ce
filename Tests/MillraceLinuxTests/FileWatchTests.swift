import Glibc
import Testing
import TestSupport

@testable import MillraceLinux

@Suite("The watch over files", .timeLimit(.minutes(1)))
struct FileWatchTests {
  private let place: TemporaryDirectory
  private let watch: FileWatch
  private var path: String { place.path + "/above/watched" }

  init() throws {
    place = try TemporaryDirectory()
    watch = try FileWatch()
  }

  private func write(_ name: String) throws {
    let file = try Descriptor(opening: name, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    try Array("x".utf8).withUnsafeBytes { try file.write($0, name) }
  }

  /// Follows the directory, makes a change and waits for its ring.
  private func expectRing(_ change: () throws -> Void) async throws {
    try watch.follow([path])
    try change()
    #expect(await watch.nextRing())
  }

  @Test("rings for files that are written, moved, removed, or given other rights")
  func files() async throws {
    mkdir(place.path + "/above", 0o755)
    mkdir(path, 0o755)
    try await expectRing { try write(path + "/a") }
    try await expectRing { try write(path + "/a") }
    try await expectRing { rename(path + "/a", path + "/b") }
    try await expectRing { chmod(path + "/b", 0o600) }
    try await expectRing { unlink(path + "/b") }
    try write(place.path + "/c")
    try await expectRing { rename(place.path + "/c", path + "/c") }
  }

  @Test("rings when the directory is made, also with what is above it, and follows it then")
  func made() async throws {
    try await expectRing { mkdir(place.path + "/above", 0o755) }
    try await expectRing { mkdir(path, 0o755) }
    try await expectRing { try write(path + "/a") }
  }

  @Test("rings when the directory is removed, and made again")
  func removed() async throws {
    mkdir(place.path + "/above", 0o755)
    mkdir(path, 0o755)
    try await expectRing { rmdir(path) }
    try await expectRing { mkdir(path, 0o755) }
    try await expectRing { try write(path + "/a") }
  }

  @Test("rings when another directory takes the place, or is linked there", arguments: [false, true])
  func replaced(byLink: Bool) async throws {
    mkdir(place.path + "/above", 0o755)
    mkdir(path, 0o755)
    mkdir(place.path + "/other", 0o755)
    try await expectRing { rename(path, place.path + "/old") }
    try await expectRing {
      if byLink { symlink("../other", path) } else { rename(place.path + "/other", path) }
    }
    try await expectRing { try write(path + "/a") }
  }

  @Test("rings when what is above the directory is moved")
  func above() async throws {
    mkdir(place.path + "/above", 0o755)
    mkdir(path, 0o755)
    try await expectRing { rename(place.path + "/above", place.path + "/old") }
    try await expectRing { mkdir(place.path + "/above", 0o755) }
    try await expectRing { mkdir(path, 0o755) }
  }

  @Test("takes a file in the place of the directory for none")
  func file() async throws {
    mkdir(place.path + "/above", 0o755)
    try write(path)
    try await expectRing { unlink(path) }
    try await expectRing { mkdir(path, 0o755) }
  }
}
