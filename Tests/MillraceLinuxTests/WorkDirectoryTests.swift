import CMillraceLinux
import Glibc
import TestSupport
import Testing

@testable import MillraceLinux

/// Work directories that go from one attempt to the next.
@Suite("Work directories")
struct WorkDirectoryTests {
  private let place: TemporaryDirectory
  private let identity = LaunchSettings.Identity(uid: 65_534, gid: 65_534)
  private var directories: WorkDirectories

  init() throws {
    place = try TemporaryDirectory()
    directories = WorkDirectories(root: place.path)
  }

  /// What tells a directory from others.
  private func inode(_ name: String) throws -> ino_t {
    var state = stat()
    try checkErrno(stat("\(place.path)/\(name)", &state), "look at `\(name)`")
    return state.st_ino
  }

  @Test("one that is left as it was made goes to the next attempt, under its name")
  mutating func reuse() throws {
    try directories.make("1.1", for: identity)
    #expect(directories.path(of: "1.1") == "\(place.path)/1.1")
    let first = try inode("1.1")
    let isKept = directories.keep("1.1", of: identity)
    #expect(isKept)
    try directories.make("2.1", for: identity)
    #expect(throws: LinuxError.self) { try inode("1.1") }
    #expect(try inode("2.1") == first)
    try directories.make("3.1", for: identity)
    #expect(try inode("3.1") != first)
  }

  @Test("what nobody has is empty, and known as such")
  mutating func spare() throws {
    for name in ["1.1", "2.1"] { try directories.make(name, for: identity) }
    let isKept = directories.keep("1.1", of: identity)
    #expect(isKept && directories.kept == ["1.1"])
    try directories.make("3.1", for: identity)
    #expect(directories.kept.isEmpty)
    #expect(try Set(CgroupTree.subdirectories(place.path)) == ["2.1", "3.1"])
  }

  /// What a job may do to its directory.
  enum Change: CaseIterable { case file, directory, mode, attribute }

  @Test("one that its job has changed is not kept, and stays where it is", arguments: Change.allCases)
  mutating func changed(_ change: Change) throws {
    try directories.make("1.1", for: identity)
    let path = directories.path(of: "1.1")
    switch change {
    case .file: try checkErrno(mknod(path + "/.left", S_IFREG | 0o600, 0), "make a file")
    case .directory: try checkErrno(mkdir(path + "/left", 0o700), "make a directory")
    case .mode: try checkErrno(chmod(path, 0o711), "change the mode")
    case .attribute:
      // Not every file system has them.
      guard try Self.setAttribute("user.left", of: path) else { return }
    }
    let isKept = directories.keep("1.1", of: identity)
    #expect(!isKept)
    _ = try inode("1.1")
  }

  /// `setxattr` is not in Swift's Glibc module. Returns false if there are no attributes here.
  private static func setAttribute(_ name: String, of path: String) throws -> Bool {
    typealias Function =
      @convention(c) (
        UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer, Int, Int32
      ) -> Int32
    let function = try #require(dlsym(nil, "setxattr"))
    guard unsafeBitCast(function, to: Function.self)(path, name, "1", 1, 0) < 0 else { return true }
    try #require(errno == EOPNOTSUPP)
    return false
  }

  @Test("one of another user is not kept for this one", .enabled(if: geteuid() == 0))
  mutating func otherUser() throws {
    try directories.make("1.1", for: identity)
    let other = LaunchSettings.Identity(uid: 1234, gid: 1234)
    let isKeptForOther = directories.keep("1.1", of: other)
    #expect(!isKeptForOther)
    let isKept = directories.keep("1.1", of: identity)
    #expect(isKept)
    let first = try inode("1.1")
    try directories.make("2.1", for: other)
    #expect(try inode("2.1") != first)
  }

  @Test("a symbolic link in its place is not followed")
  mutating func link() throws {
    try directories.make("1.1", for: identity)
    try checkErrno(symlink("\(place.path)/1.1", "\(place.path)/2.1"), "make a link")
    let isKept = directories.keep("2.1", of: identity)
    #expect(!isKept)
  }

  @Test("one that was filled after its attempt is removed with its next one")
  mutating func filled() throws {
    try directories.make("1.1", for: identity)
    let isKept = directories.keep("1.1", of: identity)
    #expect(isKept)
    try checkErrno(mknod("\(place.path)/1.1/late", S_IFREG | 0o600, 0), "make a file")
    try directories.make("2.1", for: identity)
    let isKeptAgain = directories.keep("2.1", of: identity)
    #expect(!isKeptAgain)
  }

  @Test("so many are kept and no more; all go at the end")
  mutating func bound() throws {
    for job in 0..<300 { try directories.make("\(job).1", for: identity) }
    let kept = (0..<300).filter { directories.keep("\($0).1", of: identity) }
    #expect(kept.count == 256)
    // One is removed behind its back; what is not there is made.
    let first = try #require(kept.first)
    try checkErrno(rmdir("\(place.path)/\(first).1"), "remove a directory")
    for job in 300..<556 { try directories.make("\(job).1", for: identity) }
    #expect(directories.kept.isEmpty)
    for job in 300..<310 { _ = directories.keep("\(job).1", of: identity) }
    directories.empty()
    #expect(throws: LinuxError.self) { try inode("305.1") }
    _ = try inode("310.1")
  }
}
