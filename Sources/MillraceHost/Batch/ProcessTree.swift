import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// The processes below one: its children, theirs, and so on. The kernel gives the orphans among them to the
/// nearest process above that asked for them (PR_SET_CHILD_SUBREAPER, prctl(2)), so none gets out of a tree
/// whose root has.
enum ProcessTree {
  /// How long the processes of a tree may take to be gone, in ms: one that is in the kernel ends when it
  /// leaves it.
  static let patience: Int64 = 10_000

  /// Kills and reaps all below this process, but for trees below `spared` children. Returns whether none is
  /// left; `reaped` is told of each child of this process that ended.
  static func kill(sparing spared: [Int32] = [], reaped: (millrace_ending) -> Void) -> Bool {
    let end = bootMilliseconds() + patience
    var emptyRounds = 0
    while true {
      reap(sparing: spared, reaped)
      if !hasChildren { return true }
      let left = below(getpid(), sparing: spared)
      // A list is not made at once: one whose parent ended meanwhile may be missing.
      emptyRounds = left.isEmpty ? emptyRounds + 1 : 0
      if emptyRounds > 1 && !spared.isEmpty { return true }
      // Each round ends all that were there when it began: one that is to die makes no children any more.
      for pid in left { CMillraceLinux.kill(pid, SIGKILL) }
      guard bootMilliseconds() < end else { return false }
      // They take a moment to die.
      usleep(1000)
    }
  }

  /// Sends a signal to all below this process.
  static func signal(_ number: Int32) {
    for pid in below(getpid()) { CMillraceLinux.kill(pid, number) }
  }

  /// Reaps the children of this process that have ended.
  static func reap(sparing spared: [Int32] = [], _ reaped: (millrace_ending) -> Void) {
    var ending = millrace_ending()
    while millrace_peek(&ending) == 1 {
      // What is spared is another's to reap, and hides those behind it.
      if spared.contains(ending.pid) || millrace_reap_child(ending.pid) != 0 { return }
      reaped(ending)
    }
  }

  /// Whether this process has any child: cheap, where most attempts have left none.
  static var hasChildren: Bool {
    var ending = millrace_ending()
    return millrace_peek(&ending) != -ECHILD
  }

  /// Lists the processes below `root`.
  private static func below(_ root: Int32, sparing spared: [Int32] = []) -> [Int32] {
    guard hasChildren else { return [] }
    let all = processes()
    var found: [Int32] = []
    var parents = [root]
    while let parent = parents.popLast() {
      for process in all where process.parent == parent && !spared.contains(process.pid) {
        found.append(process.pid)
        parents.append(process.pid)
      }
    }
    return found
  }

  /// Lists all processes that have not ended, with their parents.
  private static func processes() -> [(pid: Int32, parent: Int32)] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var all: [(pid: Int32, parent: Int32)] = []
    var text = [UInt8](repeating: 0, count: 512)
    while let entry = readdir(directory) {
      let pid = withUnsafeBytes(of: &entry.pointee.d_name) { name in
        name.baseAddress.map { atoi($0.assumingMemoryBound(to: CChar.self)) } ?? 0
      }
      guard pid > 0 else { continue }
      let file = "/proc/\(pid)/stat".withCPointer { millrace_open(AT_FDCWD, $0, O_RDONLY, 0) }
      guard file >= 0 else { continue }
      let length = CMillraceLinux.read(file, &text, text.count)
      close(file)
      if length > 0, let parent = parent(text[..<length]) { all.append((pid, parent)) }
    }
    return all
  }

  /// Returns the parent's number in a text of `/proc/PID/stat` (proc_pid_stat(5)); nil for one that has
  /// ended. The name before it may hold anything.
  private static func parent(_ text: ArraySlice<UInt8>) -> Int32? {
    guard let end = text.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let words = text[(end + 1)...].split(separator: UInt8(ascii: " "))
    guard words.count > 1, words[0].first != UInt8(ascii: "Z"), words[0].first != UInt8(ascii: "X") else {
      return nil
    }
    return SpoolText.number(words[1], in: 0...Int64(Int32.max)).map { Int32($0) }
  }
}
