import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// A directory of an attempt on the node: made anew, nobody else's, and removed with all that is in it.
struct NodeDirectory {
  let path: UnsafePointer<CChar>

  /// How many entries are removed at most: a process that nobody could kill may make new ones for ever.
  private static let maximumSteps = 10_000_000

  /// One that is there already.
  init(path: UnsafePointer<CChar>) { self.path = path }

  /// Makes the directory where Slurm or the user says that temporary files go.
  init() throws(HostError) {
    let parent = NodeDirectory.parent
    guard let path = strdup("\(parent)/millrace-XXXXXX"), mkdtemp(path) != nil else {
      throw HostError(
        "cannot make a directory in `\(parent)`: \(words(for: -millrace_error()))",
        hint: "set TMPDIR to a directory on the node that the job's user may write to")
    }
    self.path = UnsafePointer(path)
  }

  private static var parent: String {
    for name in ["SLURM_TMPDIR", "TMPDIR"] as [StaticString] {
      let value = name.withUTF8Buffer { text in
        text.baseAddress.flatMap { getenv(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
      }
      if let value, value.pointee == CChar(UInt8(ascii: "/")), strlen(value) < 400 {
        return String(cString: value)
      }
    }
    return "/tmp"
  }

  /// Removes it. What can't be removed stays: nothing depends on it.
  func remove() {
    guard rmdir(path) != 0 else { return }
    let top = millrace_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
    guard top >= 0 else { return }
    var steps = 0
    while NodeDirectory.empty(top, &steps) && rmdir(path) != 0 && millrace_error() == ENOTEMPTY {}
    close(top)
  }

  /// Removes what is in a directory now; directories that are not empty lose their contents to it, which are
  /// for the next time: so no tree is too deep. Returns whether something was done.
  private static func empty(_ top: Int32, _ steps: inout Int) -> Bool {
    let before = steps
    forEachName(in: top) { name in
      guard steps < maximumSteps else { return false }
      if unlinkat(top, name, 0) == 0 || unlinkat(top, name, AT_REMOVEDIR) == 0 {
        steps += 1
        return true
      }
      // The job may have closed its own directory.
      fchmodat(top, name, 0o700, 0)
      let directory = millrace_open(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0)
      guard directory >= 0 else { return true }
      lift(directory, to: top, &steps)
      close(directory)
      if unlinkat(top, name, AT_REMOVEDIR) == 0 { steps += 1 }
      return true
    }
    return steps > before && steps < maximumSteps
  }

  private static func lift(_ directory: Int32, to top: Int32, _ steps: inout Int) {
    forEachName(in: directory) { name in
      guard steps < maximumSteps else { return false }
      steps += 1
      if unlinkat(directory, name, 0) != 0 {
        _ = ".lifted-\(steps)".withCPointer { renameat(directory, name, top, $0) }
      }
      return true
    }
  }

  /// Calls `body` with each name in a directory until it returns false.
  private static func forEachName(in directory: Int32, _ body: (UnsafePointer<CChar>) -> Bool) {
    let listed = millrace_open(directory, ".", O_RDONLY | O_DIRECTORY, 0)
    guard listed >= 0 else { return }
    guard let stream = fdopendir(listed) else {
      close(listed)
      return
    }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let goesOn = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        guard let name = bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return true }
        return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || body(name)
      }
      guard goesOn else { return }
    }
  }
}
