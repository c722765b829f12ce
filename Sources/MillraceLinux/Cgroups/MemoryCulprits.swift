import Glibc
import MillraceCore

/// Tells whose limit it was when the kernel killed in a leaf that was within its own.
///
/// `memory.events.local` of a group counts (`oom`) how often that very group passed its limit. Which leaf the
/// kernel then chose it does not say: the group is known by its count having grown just before the leaf's
/// end. If no group above has one that grew, it was the machine.
///
/// Source: https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
final class MemoryCulprits {
  private let mount: String
  /// The path of `S`.
  private let tree: String
  private var groups: [String: Group] = [:]
  /// The plugins whose groups are looked at.
  private var watched: Set<String> = []

  private struct Group {
    var events: KernelFile
    var count: Int64
    /// When it was last seen to have grown, monotonic in ms.
    var grown: Int64?
  }

  /// For how long the growth of a count explains a kill, in ms: several leaves may be killed for it, and they
  /// end one after the other.
  private static let memory: Int64 = 2000

  /// - Parameters:
  ///   - mount: where cgroup v2 is mounted.
  ///   - tree: the absolute path of `S`.
  init(mount: String, tree: String) {
    self.mount = mount
    self.tree = tree
  }

  /// Looks at the groups above the leaves of a plugin for the first time, before anything is killed there. If
  /// it `isLate`, leaves of a former runner are there already: then what was counted before may be the reason
  /// of their ends.
  func watch(_ plugin: String, at now: Int64, isLate: Bool, _ buffer: ReadingBuffer) throws {
    guard watched.insert(plugin).inserted else { return }
    for path in above(plugin) where groups[path] == nil {
      guard let events = try KernelFile(ifThere: path + "/memory.events.local", name: path) else { continue }
      let count = try Self.count(events, buffer)
      groups[path] = Group(events: events, count: count, grown: isLate && count > 0 ? now : nil)
    }
  }

  /// Returns whose limit a kill in a leaf of a plugin was, which has ended just now.
  func culprit(above plugin: String, at now: Int64, _ buffer: ReadingBuffer) throws -> MemoryKill {
    for path in above(plugin) {
      guard var group = groups[path] else { continue }
      let count = try Self.count(group.events, buffer)
      if count > group.count { group.grown = now }
      group.count = count
      groups[path] = group
    }
    let guilty = above(plugin).first { path in
      groups[path]?.grown.map { now - $0 <= Self.memory } ?? false
    }
    return guilty.map { .group(name(of: $0), limit: limit(of: $0)) } ?? .machine
  }

  /// The groups above the leaves of a plugin, the innermost first. The root of the hierarchy has no limit.
  private func above(_ plugin: String) -> [String] {
    var paths = [tree + "/p/" + plugin, tree + "/p"]
    var path = tree
    while path.hasPrefix(mount + "/") {
      paths.append(path)
      path = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
    return paths
  }

  private static func count(_ events: KernelFile, _ buffer: ReadingBuffer) throws -> Int64 {
    try buffer.read(events) { try CgroupFiles.member("oom", of: $0, events.name) }
  }

  /// `p/exec` within `S`, `/system.slice` from there up.
  private func name(of path: String) -> String {
    path.hasPrefix(tree + "/") ? String(path.dropFirst(tree.count + 1)) : String(path.dropFirst(mount.count))
  }

  private func limit(of path: String) -> Bytes? {
    // It may have been changed or removed since: the verdict stands without it.
    guard let text = try? textFile(path + "/memory.max") else { return nil }
    return Int64(text.prefix { $0 != "\n" }).map { Bytes($0) }
  }
}
