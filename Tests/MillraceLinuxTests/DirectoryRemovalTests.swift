import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import MillraceLinux

@Suite("The removal of a directory", .timeLimit(.minutes(1)))
final class DirectoryRemovalTests {
  private let directory: TemporaryDirectory
  private let parent: Descriptor

  init() throws {
    directory = try TemporaryDirectory()
    parent = try Descriptor(opening: directory.path, flags: O_RDONLY | O_DIRECTORY)
  }

  private func make(_ path: String) { mkdir("\(directory.path)/\(path)", 0o700) }

  private func write(_ path: String) throws {
    try Data("x".utf8).write(to: URL(filePath: "\(directory.path)/\(path)"))
  }

  private var left: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() }
  }

  @Test("takes files, directories, pipes and names of any bytes with it")
  func everything() async throws {
    for path in ["a", "a/b", "a/b/c", "a/b/d", "a/.hidden"] { make(path) }
    for path in ["a/1", "a/b/2", "a/b/c/3", "a/.lifted-1"] { try write(path) }
    mkfifo("\(directory.path)/a/pipe", 0o600)
    mkdir("\(directory.path)/a/b/".utf8CString.dropLast().map { $0 } + [-1, -2, 0], 0o700)
    try await DirectoryRemoval.remove("a", in: parent.number)
    #expect(try left == [])
  }

  @Test("follows no symbolic link, neither in it nor in its place")
  func links() async throws {
    make("outside")
    try write("outside/kept")
    make("a")
    make("a/b")
    for name in ["a/link", "a/b/link", "link"] {
      symlink("\(directory.path)/outside", "\(directory.path)/\(name)")
    }
    try await DirectoryRemoval.remove("a", in: parent.number)
    try await DirectoryRemoval.remove("link", in: parent.number)
    #expect(try left == ["link", "outside"])
    #expect(access("\(directory.path)/outside/kept", F_OK) == 0)
  }

  @Test("is done with what is not there")
  func nothing() async throws { try await DirectoryRemoval.remove("nothing", in: parent.number) }

  @Test("goes as deep as a tree can be made")
  func deep() async throws {
    make("a")
    var deepest = try Descriptor(opening: "a", in: parent.number, flags: O_RDONLY | O_DIRECTORY)
    for _ in 0..<3000 {
      #expect(mkdirat(deepest.number, "d", 0o700) == 0)
      deepest = try Descriptor(opening: "d", in: deepest.number, flags: O_RDONLY | O_DIRECTORY)
    }
    try await DirectoryRemoval.remove("a", in: parent.number)
    #expect(try left == [])
  }

  @Test("clears a tree that grows while it is removed")
  func growing() async throws {
    make("a")
    let path = "\(directory.path)/a"
    let grower = Task.detached {
      for number in 0..<2000 {
        mkdir("\(path)/\(number)", 0o700)
        mkdir("\(path)/\(number)/deeper", 0o700)
        if number % 50 == 0 { await Task.yield() }
      }
    }
    try await DirectoryRemoval.remove("a", in: parent.number)
    await grower.value
    try await DirectoryRemoval.remove("a", in: parent.number)
    #expect(try left == [])
  }
}
