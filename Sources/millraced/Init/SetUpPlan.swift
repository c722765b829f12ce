import Glibc

/// A set-up beside what is there.
struct SetUpPlan: Sendable {
  let steps: [Step]

  /// One thing, and what is at its place.
  struct Step: Sendable, Equatable {
    var item: SetUp.Item
    var standing: Standing
  }

  /// What is at a place.
  enum Standing: Sendable, Equatable {
    /// Nothing: it is made.
    case missing
    /// The very thing.
    case there
    /// Something else that may be meant so; it stays.
    case different
  }

  /// Looks at every place, and changes nothing.
  /// - Throws: `SetUpError` for the first thing that is in the way.
  init(_ setUp: SetUp, on machine: MachineFiles) throws {
    steps = try setUp.items.map { item in
      Step(item: item, standing: try Self.standing(of: item, on: machine))
    }
  }

  private static func standing(of item: SetUp.Item, on machine: MachineFiles) throws -> Standing {
    let path = machine.root + item.path
    var link = stat()
    guard lstat(path, &link) == 0 else {
      guard errno == ENOENT else { throw SetUpError("look at", item.path, errno) }
      try checkRoom(for: item.path, on: machine)
      return .missing
    }
    guard let status = machine.status(item.path) else {
      throw SetUpError(
        "use", item.path, "it is a link that leads nowhere", hint: "rm \(quoted(item.path))")
    }
    switch item.content {
    case .directory:
      guard status.isDirectory else {
        throw SetUpError(
          "use", item.path, "it is no directory", hint: "mv \(quoted(item.path)) \(quoted(item.path)).old")
      }
      try checkOwner(status, of: item.path, on: machine)
      return .there
    case .file(let text):
      guard !status.isDirectory else {
        throw SetUpError(
          "use", item.path, "it is a directory", hint: "mv \(quoted(item.path)) \(quoted(item.path)).old")
      }
      return machine.text(item.path) == text ? .there : .different
    case .link: return .there
    }
  }

  /// Who may write to a directory of ours could have the runner do anything.
  private static func checkOwner(
    _ status: MachineFiles.FileStatus, of path: String, on machine: MachineFiles
  ) throws {
    guard status.owner == 0 || status.owner == machine.user else {
      throw SetUpError(
        "use", path, "user \(status.owner) owns it", hint: "chown \(machine.user) \(quoted(path))")
    }
    guard !status.isWritableByOthers else {
      throw SetUpError("use", path, "others may write to it", hint: "chmod go-w \(quoted(path))")
    }
  }

  private static func checkRoom(for path: String, on machine: MachineFiles) throws {
    let above = machine.existingDirectory(above: path)
    guard access(machine.root + above, W_OK | X_OK) == 0 else {
      let code = errno
      throw SetUpError(
        "make", path, "`\(above)`: \(String(cString: strerror(code)))",
        hint: code == EROFS
          ? "remount it writable, or set this machine up where its image is made: --root"
          : "run it as root, or make `\(above)` writable by this user")
    }
  }
}

/// Something that a set-up met and that it can't change itself.
struct SetUpError: Error, CustomStringConvertible {
  let description: String

  init(_ doing: String, _ path: String, _ reason: String, hint: String? = nil) {
    description = "cannot \(doing) `\(path)`: \(reason)" + (hint.map { "\n\nhint: \($0)" } ?? "")
  }

  init(_ doing: String, _ path: String, _ code: Int32) {
    self.init(doing, path, String(cString: strerror(code)))
  }
}
