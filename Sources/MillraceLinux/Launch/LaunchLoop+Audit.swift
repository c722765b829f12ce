import Glibc
import Logging
import MillraceCore
import MillraceEngine

extension LaunchLoop {
  /// Compares what is there of attempts with those that are known; the keeper is asked last.
  func audit(expecting expected: Set<AttemptID>, _ answer: CheckedContinuation<Audit, Never>) {
    endAudit()
    clearUp()
    guard hasTakenOver else { return answer.resume(returning: Audit()) }
    var inspection = Inspection(after: suspects, answer)
    do {
      try inspectLeaves(&inspection)
      try inspectWorkDirectories(&inspection)
      try inspectDescriptors(&inspection)
    } catch {
      logger.error("leaks not looked for", metadata: ["error": "\(error)"])
    }
    inspectAttempts(expected, &inspection)
    self.inspection = inspection
    list(from: 0)
  }

  private func list(from index: Int) {
    guard let keeper else { return endAudit() }
    do { try keeper.list(from: index) } catch {
      logger.error("keeper not asked", metadata: ["error": "\(error)"])
      endAudit()
    }
  }

  /// Takes a part of what the keeper has.
  func takeList(_ ids: [AttemptID], next: Int?) {
    for id in ids where attempt(id) == nil && ended[id] == nil {
      inspection?.note(.keeperRecord, "\(id)") {
        forget([id])
        return "the keeper had attempt \(id), which nobody knows; it was told to forget it"
      }
    }
    guard inspection != nil else { return }
    if let next { list(from: next) } else { endAudit() }
  }

  /// Answers whoever waits for an audit, with what is known so far.
  func endAudit() {
    guard let inspection else { return }
    self.inspection = nil
    suspects = inspection.found
    inspection.end()
  }

  private var known: Set<String> {
    Set(serials.keys.map(\.description) + ended.keys.map(\.description) + hosts.values.map(\.leaf.name))
  }

  private func inspectLeaves(_ inspection: inout Inspection) throws {
    let known = known
    for (plugin, name) in try tree.leaves() where !known.contains(name) {
      inspection.note(.leaf, "p/\(plugin)/\(name)") {
        do {
          try removeLeaf(name, of: plugin)
          return "the cgroup `p/\(plugin)/\(name)` was of no attempt; it was removed"
        } catch {
          return "the cgroup `p/\(plugin)/\(name)` is of no attempt: \(error)"
        }
      }
    }
  }

  private func inspectWorkDirectories(_ inspection: inout Inspection) throws {
    let known = known.union(workDirectories.kept)
    for name in try CgroupTree.subdirectories(settings.workDirectory) where !known.contains(name) {
      inspection.note(.workDirectory, name) {
        removeDirectory(workDirectories.path(of: name))
        return "the work directory `\(name)` was of no attempt; it is removed"
      }
    }
  }

  /// Counts what each attempt has one of. Pipes and sockets others have too: a log or a channel that leaks
  /// does so with the rest of its attempt. None is closed: whoever holds it by mistake may still use it.
  private func inspectDescriptors(_ inspection: inout Inspection) throws {
    let open = try OpenDescriptors(tree: tree.jobsPath)
    let all = Array(attempts.values) + Array(ended.values)
    let processes = all.count { $0.process != nil } + (keeper == nil ? 0 : 1)
    for (what, count, expected) in [
      ("outcome files", open.outcomes, all.count), ("payload files", open.payloads, 0),
      ("pidfds", open.processes, processes),
    ] where count != expected {
      inspection.note(.descriptor, "\(what): \(count), not \(expected)") {
        "the runner has \(count) \(what) open and should have \(expected); a restart closes them"
      }
    }
    let known = known
    for (leaf, count) in open.leaves.sorted(by: { $0.key < $1.key }) where !known.contains(leaf) {
      inspection.note(.descriptor, "leaf \(leaf): \(count)") {
        "the runner has \(count) files of the cgroup of attempt \(leaf) open, which is over; "
          + "a restart closes them"
      }
    }
  }

  private func inspectAttempts(_ expected: Set<AttemptID>, _ inspection: inout Inspection) {
    let jobs = attempts.values.filter { $0.isJob && !$0.isDisowned }.sorted { $0.serial < $1.serial }
    for attempt in jobs where !expected.contains(attempt.id) {
      inspection.note(.attempt, "runs \(attempt.id)") {
        attempt.isDisowned = true
        kill(attempt)
        return "attempt \(attempt.id) ran and nobody knew of it; it was killed"
      }
    }
    for id in ended.keys.sorted() where !expected.contains(id) {
      inspection.note(.attempt, "ended \(id)") {
        release([id])
        return "the end of attempt \(id) was told and nobody let go of it; that is done now"
      }
    }
    let waiting = Set(hosts.values.flatMap(\.line).map(\.attempt))
    for id in expected.sorted() where attempt(id) == nil && ended[id] == nil && !waiting.contains(id) {
      inspection.note(.attempt, "missing \(id)") {
        "attempt \(id) is held to be running and nothing of it is there; a restart settles it"
      }
    }
  }
}

/// What of the runner's open descriptors belongs to attempts (`/proc/self/fd`, proc(5)).
struct OpenDescriptors {
  private(set) var outcomes = 0
  private(set) var payloads = 0
  private(set) var processes = 0
  /// Directories and files of leaves, by the leaf's name.
  private(set) var leaves: [String: Int] = [:]

  /// Looks at all descriptors; `tree` is the path below which the leaves are.
  init(tree: String) throws {
    guard let directory = opendir("/proc/self/fd") else {
      throw LinuxError("list `/proc/self/fd`", .kernel(errno))
    }
    defer { closedir(directory) }
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) } + [0]
      }
      let length = readlinkat(dirfd(directory), name, &target, target.count)
      guard length > 0 else { continue }
      count(String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self), below: tree)
    }
  }

  private mutating func count(_ target: String, below tree: String) {
    if target.hasPrefix("/memfd:outcome") { outcomes += 1 }
    if target.hasPrefix("/memfd:payload") { payloads += 1 }
    // As kernels before and since 6.9 call it.
    if target == "anon_inode:[pidfd]" || target.hasPrefix("pidfd:") { processes += 1 }
    guard target.hasPrefix(tree + "/") else { return }
    let words = target.dropFirst(tree.count + 1).split(separator: "/")
    guard words.count >= 2 else { return }
    // " (deleted)" follows the path of what is gone.
    let name = String(words[1].prefix { $0 != " " })
    if AttemptID(text: name) != nil { leaves[name, default: 0] += 1 }
  }
}
