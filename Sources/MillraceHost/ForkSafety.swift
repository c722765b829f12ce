import CMillraceHost
import CMillraceLinux
import CMillraceLinux.Libc

/// What must hold in a process so that its forks are whole: a thread would be missing in them, and what they
/// share with it and with each other they would disturb.
enum ForkSafety {
  /// Returns how many threads this process has; `tasks` is a descriptor of `/proc/self/task`, which has one
  /// link for each, beside its own two.
  static func threads(_ tasks: Int32) -> Int {
    var directory = stat()
    guard fstat(tasks, &directory) == 0 else { return 0 }
    return threads(in: directory)
  }

  /// The same of what is known of that directory.
  static func threads(in directory: stat) -> Int { Int(directory.st_nlink) - 2 }

  /// Returns why this process must not be forked, or nil if it may be.
  static func fault(tasks: Int32) -> String? {
    if threads(tasks) != 1 { return "it has threads: \(threadNames())" }
    if millrace_atfork_is_full() != 0 { return "it has more fork handlers than there is room for" }
    return sharedDescriptor() ?? sharedMapping()
  }

  private static func threadNames() -> String {
    var names = ""
    forEachNumber(in: "/proc/self/task") { thread in
      let descriptor = "/proc/self/task/\(thread)/comm".withCPointer {
        millrace_open(AT_FDCWD, $0, O_RDONLY, 0)
      }
      guard descriptor >= 0 else { return true }
      defer { close(descriptor) }
      var bytes = [UInt8](repeating: 0, count: 32)
      let length = CMillraceLinux.read(descriptor, &bytes, bytes.count)
      let name = String(decoding: bytes.prefix(max(0, length - 1)), as: UTF8.self)
      names += names.utf8.isEmpty ? name : ", \(name)"
      return names.utf8.count < 128
    }
    return names
  }

  /// A descriptor whose object, unlike a file, its forks would share: epoll, eventfd, a socket, a pipe.
  private static func sharedDescriptor() -> String? {
    var found: String?
    var target = [CChar](repeating: 0, count: 128)
    forEachNumber(in: "/proc/self/fd") { number in
      guard number >= WarmHost.firstForeignDescriptor else { return true }
      let length = "/proc/self/fd/\(number)".withCPointer { readlink($0, &target, target.count - 1) }
      guard length > 0 else { return true }
      for kind in ["anon_inode:", "pidfd:", "socket:", "pipe:"] as [StaticString]
      where strncmp(target, kind.utf8Start, kind.utf8CodeUnitCount) == 0 {
        let words = target.prefix(length).map { UInt8(bitPattern: $0) }
        found = "it has descriptor \(number) open, \(String(decoding: words, as: UTF8.self))"
        return false
      }
      return true
    }
    return found
  }

  /// Memory that its forks would share with it, and may write to (proc_pid_maps(5)).
  private static func sharedMapping() -> String? {
    guard let file = fopen("/proc/self/maps", "re") else { return "`/proc/self/maps` can't be read" }
    var found: String?
    forEachLine(of: file) { line in
      guard let rights = strchr(line, Int32(UInt8(ascii: " "))), rights[2] == CChar(UInt8(ascii: "w")),
        rights[4] == CChar(UInt8(ascii: "s"))
      else { return true }
      line[strcspn(line, "\n")] = 0
      let name = strchr(line, Int32(UInt8(ascii: "/"))).map { String(cString: $0) } ?? "without a name"
      found = "it has writable shared memory, \(name)"
      return false
    }
    return found
  }

  /// Calls `body` with each number that is a name in a directory until it returns false.
  private static func forEachNumber(in path: StaticString, _ body: (Int32) -> Bool) {
    let opened = path.withUTF8Buffer { text in
      text.baseAddress.flatMap { opendir(UnsafeRawPointer($0).assumingMemoryBound(to: CChar.self)) }
    }
    guard let directory = opened else { return }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let goesOn = withUnsafeBytes(of: &entry.pointee.d_name) { name in
        guard let name = name.baseAddress?.assumingMemoryBound(to: CChar.self) else { return true }
        return name.pointee == CChar(UInt8(ascii: ".")) || body(atoi(name))
      }
      guard goesOn else { return }
    }
  }
}
