import Glibc

/// The files of the machine that is looked at.
struct MachineFiles: Sendable {
  /// Put before every path: empty for this machine, a directory for files kept for a test.
  var root = ""
  /// The user that the runner has.
  var user = geteuid()

  /// Owner, permissions and kind of a file.
  struct FileStatus: Sendable, Equatable {
    var owner: UInt32
    /// The nine bits and those above them.
    var permissions: UInt32
    var isDirectory: Bool
    var isSocket: Bool
    /// Seconds since 1970.
    var changed: Int

    /// Whether others than the owner may write.
    var isWritableByOthers: Bool { permissions & 0o022 != 0 }
  }

  /// Returns the text of a file; nil if it can't be read.
  func text(_ path: String) -> String? {
    let descriptor = open(root + path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count <= 0 { return count < 0 ? nil : String(decoding: bytes, as: UTF8.self) }
      bytes += buffer[..<count]
    }
  }

  /// Returns the words of a file; none if it can't be read.
  func words(_ path: String) -> [String] {
    (text(path) ?? "").split { $0 == " " || $0 == "\n" }.map { String($0) }
  }

  /// Returns what is known of a file; nil if there is none.
  func status(_ path: String) -> FileStatus? {
    var status = stat()
    guard stat(root + path, &status) == 0 else { return nil }
    return FileStatus(
      owner: status.st_uid, permissions: status.st_mode & 0o7777,
      isDirectory: status.st_mode & S_IFMT == S_IFDIR, isSocket: status.st_mode & S_IFMT == S_IFSOCK,
      changed: status.st_mtim.tv_sec)
  }

  /// Whether this process may write a file, or make files in a directory.
  func isWritable(_ path: String) -> Bool { access(root + path, W_OK) == 0 }

  /// Returns the names in a directory, sorted; none if it can't be read.
  func names(in directory: String) -> [String] {
    guard let stream = opendir(root + directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Returns the nearest directory above a path that is there.
  func existingDirectory(above path: String) -> String {
    var path = path
    while status(path)?.isDirectory != true, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      path = String(path[..<slash])
    }
    return status(path)?.isDirectory == true ? path : "/"
  }
}
