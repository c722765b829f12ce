import CMillraceLinux
import Glibc

/// The work directories of attempts. One that is left as it was made goes to a later attempt of the same
/// user: making a directory and removing it is the dearest part of a short attempt on some file systems
/// (docs/decisions/0008). Until then it keeps the name of the attempt that had it.
struct WorkDirectories {
  private let root: String
  /// The names of those that nobody has.
  private var spare: [LaunchSettings.Identity: [String]] = [:]

  /// How many are kept.
  private static let capacity = 256

  /// Makes directories below `root`.
  init(root: String) { self.root = root }

  /// Returns the path of a directory, whether it is there or not.
  func path(of name: String) -> String { "\(root)/\(name)" }

  /// The names of those that are kept for later.
  var kept: Set<String> { Set(spare.values.joined()) }

  /// Makes a directory of this name, mode 0700 and empty, for a user (if this process is root).
  mutating func make(_ name: String, for identity: LaunchSettings.Identity) throws {
    let path = path(of: name)
    while let former = spare[identity]?.popLast() {
      if rename(self.path(of: former), path) == 0 { return }
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
    spare[identity, default: []].append(name)
    return true
  }

  /// Removes what nobody has; what is not empty any more stays.
  mutating func empty() {
    for name in kept { rmdir(path(of: name)) }
    spare = [:]
  }

  /// Whether a directory is empty, and has owner, mode and attributes as it was made.
  private func isAsMade(_ name: String, for identity: LaunchSettings.Identity) -> Bool {
    let number = millrace_open(AT_FDCWD, path(of: name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
    guard number >= 0 else { return false }
    let directory = Descriptor(owning: number)
    var state = stat()
    guard fstat(directory.number, &state) == 0, state.st_mode == S_IFDIR | 0o700 else { return false }
    if geteuid() == 0, (state.st_uid, state.st_gid) != (identity.uid, identity.gid) { return false }
    return hasNoAttributes(directory.number) && millrace_is_empty(directory.number) == 1
  }

  /// Whether its owner has set no extended attribute, and so no access list.
  private func hasNoAttributes(_ directory: Int32) -> Bool {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { names in
      let length = millrace_list_attributes(directory, names.baseAddress, names.count)
      guard length > 0 else { return length == 0 || length == Int64(-EOPNOTSUPP) }
      return names.prefix(Int(length)).split(separator: 0).allSatisfy { name in
        // Only the system sets these.
        ["security.", "trusted."].contains { name.starts(with: $0.utf8.lazy.map { CChar(bitPattern: $0) }) }
      }
    }
  }
}
