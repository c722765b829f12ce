import CMillraceLinux
import CMillraceLinux.Libc

/// The cgroup whose memory the host's processes share: what the kernel counts and caps there. Both versions
/// of cgroups will do; a version 1 hierarchy for memory goes first, as then version 2 has no memory there.
struct MemoryGroup {
  private let version: Int32
  /// The directory of the group that this process is in, and what of its path is the mount.
  private let path: String
  private let mountLength: Int

  /// Finds the group; nil if there is none that can be seen from here.
  static func own() -> MemoryGroup? { find(version: 1) ?? find(version: 2) }

  /// The least memory that the group, or any on the way up, is limited to, in bytes; nil if there is no
  /// limit.
  func limit() -> Int64? {
    // Version 1 tells of the way up by itself.
    if version == 1 {
      return member("hierarchical_memory_limit", of: "memory.stat").flatMap(MemoryGroup.real)
    }
    var least: Int64?
    forEachOnTheWayUp { directory in
      guard let text = MemoryGroup.contents("\(directory)/memory.max"),
        let limit = SpoolText.number(text[...], in: 0...Int64.max)
      else { return true }
      least = min(least ?? limit, limit)
      return true
    }
    return least
  }

  /// The most memory that the group had, in bytes; nil if the kernel does not tell.
  func peak() -> Int64? {
    let name: StaticString = version == 1 ? "memory.max_usage_in_bytes" : "memory.peak"
    return MemoryGroup.contents("\(counting)/\(name)").flatMap {
      SpoolText.number($0[...], in: 0...Int64.max)
    }
  }

  /// How many processes the kernel has killed in the group for want of memory; nil if it does not tell.
  func kills() -> Int64? { member("oom_kill", of: version == 1 ? "memory.oom_control" : "memory.events") }

  /// What version 1 says of no limit is larger than any machine.
  private static func real(_ limit: Int64) -> Int64? { limit >= 1 << 60 ? nil : limit }

  /// The nearest group on the way up that counts memory: a group without that controller has no files of it.
  private var counting: String {
    let file = version == 1 ? "memory.usage_in_bytes" : "memory.current"
    var found = path
    forEachOnTheWayUp { directory in
      found = directory
      return "\(directory)/\(file)".withCPointer { access($0, F_OK) } != 0
    }
    return found
  }

  private func member(_ name: StaticString, of file: StaticString) -> Int64? {
    guard let text = MemoryGroup.contents("\(counting)/\(file)") else { return nil }
    for line in SpoolText.lines(of: text) where line.count == 2 && SpoolText.isWord(line[0], name) {
      return SpoolText.number(line[1], in: 0...Int64.max)
    }
    return nil
  }

  /// Calls `body` with the directory of the group, then with each above it to the mount, until it returns
  /// false.
  private func forEachOnTheWayUp(_ body: (String) -> Bool) {
    var bytes = Array(path.utf8)
    while body(String(decoding: bytes, as: UTF8.self)) {
      guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")), slash >= mountLength else { return }
      bytes.removeLast(bytes.count - slash)
    }
  }

  private static func find(version: Int32) -> MemoryGroup? {
    guard let inside = pathInHierarchy(version: version), let mount = mount(version: version) else {
      return nil
    }
    var rest = inside[...]
    // What is mounted may be a part of the hierarchy.
    if mount.root != [UInt8(ascii: "/")] {
      guard rest.starts(with: mount.root) else { return nil }
      rest = rest.dropFirst(mount.root.count)
    }
    while rest.last == UInt8(ascii: "/") { rest.removeLast() }
    return MemoryGroup(
      version: version, path: String(decoding: mount.point + rest, as: UTF8.self),
      mountLength: mount.point.count)
  }

  /// This process's group in a line of /proc/self/cgroup (cgroups(7)).
  private static func pathInHierarchy(version: Int32) -> [UInt8]? {
    guard let text = contents("/proc/self/cgroup") else { return nil }
    for line in text.split(separator: UInt8(ascii: "\n")) {
      let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      let isIt =
        version == 2
        ? parts[1].isEmpty && SpoolText.isWord(parts[0], "0")
        : parts[1].split(separator: UInt8(ascii: ",")).contains { SpoolText.isWord($0, "memory") }
      // A group outside of this process's namespace can't be seen.
      if isIt && !parts[2].starts(with: [47, 46, 46]) { return Array(parts[2]) }
    }
    return nil
  }

  /// Where the hierarchy is mounted, and which of its groups (proc_pid_mountinfo(5)).
  private static func mount(version: Int32) -> (root: [UInt8], point: [UInt8])? {
    guard let text = contents("/proc/self/mountinfo") else { return nil }
    for words in SpoolText.lines(of: text) {
      guard words.count > 9, let dash = words.firstIndex(where: { SpoolText.isWord($0, "-") }),
        dash + 3 < words.count
      else { continue }
      let isIt =
        version == 2
        ? SpoolText.isWord(words[dash + 1], "cgroup2")
        : SpoolText.isWord(words[dash + 1], "cgroup")
          && words[dash + 3].split(separator: UInt8(ascii: ",")).contains { SpoolText.isWord($0, "memory") }
      if isIt { return (Array(words[3]), Array(words[4])) }
    }
    return nil
  }

  /// Returns the text of a file of the kernel without a last line break; nil if there is none.
  private static func contents(_ path: String) -> [UInt8]? {
    let file = path.withCPointer { millrace_open(AT_FDCWD, $0, O_RDONLY, 0) }
    guard file >= 0 else { return nil }
    defer { close(file) }
    var text: [UInt8] = []
    var block = [UInt8](repeating: 0, count: 4096)
    while text.count < 1 << 20 {
      let count = CMillraceLinux.read(file, &block, block.count)
      guard count > 0 else { break }
      text.append(contentsOf: block[..<count])
    }
    if text.last == UInt8(ascii: "\n") { text.removeLast() }
    return text
  }
}
