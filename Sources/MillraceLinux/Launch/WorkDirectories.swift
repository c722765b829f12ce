import CMillraceLinux
import Glibc

/// The work directories of attempts. One that is left as it was made goes to a later attempt of the same
/// user: making a directory and removing it is the dearest part of a short attempt on some file systems
/// (docs/decisions/0008).
struct WorkDirectories {
  private let root: String
  /// Where those are that nobody has; only the runner's own user may pass.
  private let store: String
  private var spare: [LaunchSettings.Identity: [Int]] = [:]
  private var nextNumber = 0

  /// How many are kept.
  private static let capacity = 256

  /// Makes directories below `root`; removes what a former runner kept.
  init(root: String) {
    self.root = root
    store = root + "/.spare"
    empty()
  }

  /// Returns the path of a directory, whether it is there or not.
  func path(of name: String) -> String { "\(root)/\(name)" }

  /// Makes a directory of this name, mode 0700 and empty, for a user (if this process is root).
  mutating func make(_ name: String, for identity: LaunchSettings.Identity) throws {
    let path = path(of: name)
    while let number = spare[identity]?.popLast() {
      if rename("\(store)/\(number)", path) == 0 { return }
    }
    try checkErrno(mkdir(path, 0o700), "make the work directory `\(path)`")
    if geteuid() == 0 {
      try checkErrno(chown(path, identity.uid, identity.gid), "give away the work directory `\(path)`")
    }
  }

  /// Keeps the directory of an attempt that is over; returns false if it is to be removed.
  mutating func keep(_ name: String, of identity: LaunchSettings.Identity) -> Bool {
    let count = spare.values.reduce(0) { $0 + $1.count }
    guard count < Self.capacity, isAsMade(name, for: identity) else { return false }
    let (path, kept) = (path(of: name), "\(store)/\(nextNumber)")
    if rename(path, kept) < 0 {
      guard errno == ENOENT, mkdir(store, 0o700) == 0, rename(path, kept) == 0 else { return false }
    }
    spare[identity, default: []].append(nextNumber)
    nextNumber += 1
    return true
  }

  /// Removes what nobody has.
  mutating func empty() {
    spare = [:]
    let number = millrace_open(AT_FDCWD, store, O_RDONLY | O_DIRECTORY, 0)
    guard number >= 0 else { return }
    let directory = Descriptor(owning: number)
    // What can't be listed stays, and with it the place itself.
    for name in (try? DirectoryRemoval.names(in: directory.number)) ?? [] {
      unlinkat(directory.number, name, AT_REMOVEDIR)
    }
    rmdir(store)
  }

  /// Whether a directory is empty, and has owner, mode and attributes as it was made.
  private func isAsMade(_ name: String, for identity: LaunchSettings.Identity) -> Bool {
    let number = millrace_open(AT_FDCWD, path(of: name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
    guard number >= 0 else { return false }
    let directory = Descriptor(owning: number)
    var state = stat()
    guard fstat(directory.number, &state) == 0, state.st_mode == S_IFDIR | 0o700 else { return false }
    if geteuid() == 0, (state.st_uid, state.st_gid) != (identity.uid, identity.gid) { return false }
    guard hasNoAttributes(directory.number) else { return false }
    // What can't be listed is not kept.
    return (try? DirectoryRemoval.names(in: directory.number))?.isEmpty ?? false
  }

  /// Whether its owner has set no extended attribute, and so no access list.
  private func hasNoAttributes(_ directory: Int32) -> Bool {
    var names = [CChar](repeating: 0, count: 256)
    let length = millrace_list_attributes(directory, &names, names.count)
    guard length >= 0 else { return length == Int64(-EOPNOTSUPP) }
    return names.prefix(Int(length)).split(separator: 0).allSatisfy { name in
      // Only the system sets these.
      ["security.", "trusted."].contains { name.starts(with: $0.utf8.lazy.map { CChar(bitPattern: $0) }) }
    }
  }
}
