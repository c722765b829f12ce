import Glibc

/// The file of the API's Unix socket.
///
/// The socket is bound in a private directory beside its place, gets its permissions there, and is moved to
/// its place: nobody ever sees it with other permissions, and the process's umask stays as it is.
///
/// It has a target of its own because NIO's C modules, where they are seen, take Glibc's types for theirs.
package struct SocketFile: Sendable {
  package let path: String
  /// Its permissions: `0o660`.
  package let mode: UInt32
  /// The group that it is given; nil for the process's own.
  package let group: UInt32?

  package init(path: String, mode: UInt32, group: UInt32? = nil) {
    self.path = path
    self.mode = mode
    self.group = group
  }

  private var directory: String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  private var stagingDirectory: String { "\(directory)/.s\(getpid())" }

  /// Where the socket is bound before it is moved to its place.
  package var stagingPath: String { "\(stagingDirectory)/s" }

  /// Makes the directories and checks that the place is free or holds a dead socket.
  /// - Throws: `SocketFileError`.
  package func prepare() throws {
    for path in [path, stagingPath] where path.utf8.count > UnixSocket.longestPath {
      throw SocketFileError(
        action: "listen on", path: path, reason: .pathTooLong, hint: "give a shorter path with `socket`")
    }
    try makeDirectories(directory)
    try checkPlace()
    removeStaging()
    guard mkdir(stagingDirectory, 0o700) == 0 else { throw failure("make the directory", stagingDirectory) }
  }

  /// Moves the bound socket to its place; from here on clients can connect.
  /// - Throws: `SocketFileError`.
  package func publish() throws {
    if let group, chown(stagingPath, .max, group) != 0 { throw failure("give to its group", stagingPath) }
    guard chmod(stagingPath, mode) == 0 else { throw failure("set the permissions of", stagingPath) }
    guard rename(stagingPath, path) == 0 else { throw failure("move the socket to", path) }
    removeStaging()
  }

  /// Removes what is left of the socket.
  package func remove() {
    unlink(path)
    removeStaging()
  }

  private func removeStaging() {
    unlink(stagingPath)
    rmdir(stagingDirectory)
  }

  private func makeDirectories(_ directory: String) throws {
    var status = stat()
    if stat(directory, &status) == 0 { return }
    if let slash = directory.lastIndex(of: "/"), slash != directory.startIndex {
      try makeDirectories(String(directory[..<slash]))
    }
    guard mkdir(directory, 0o755) == 0, chmod(directory, 0o755) == 0 else {
      throw failure("make the directory", directory)
    }
  }

  private func checkPlace() throws {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      guard errno == ENOENT else { throw failure("look at", path) }
      return
    }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw SocketFileError(
        action: "listen on", path: path, reason: .notASocket,
        hint: "move the file away, or give another path with `socket`")
    }
    guard !isAnswered else {
      throw SocketFileError(
        action: "listen on", path: path, reason: .inUse,
        hint: "another runner uses this socket; give each runner its own `socket`")
    }
  }

  /// Whether a connection to the socket that is there succeeds.
  private var isAnswered: Bool {
    let descriptor = UnixSocket.make(.stream)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return UnixSocket.connect(descriptor, to: path) == 0
  }

  private func failure(_ action: String, _ path: String) -> SocketFileError {
    let code = errno
    return SocketFileError(
      action: action, path: path, reason: .system(code, words: String(cString: strerror(code))),
      hint: "the runner's user must own the directory of the socket, or give another path with `socket`")
  }
}
