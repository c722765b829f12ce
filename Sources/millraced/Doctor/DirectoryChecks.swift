import MillraceCore

/// Are the plugins where they should be, and safe from others?
struct PluginDirectoryCheck: Check {
  let name = "plugins"
  let machine: MachineFiles
  let path: String

  func finding() -> Finding {
    guard let directory = machine.status(path) else {
      return warning("there is no directory `\(path)`", mend: ["mkdir -p -m 755 \(quoted(path))"])
    }
    guard directory.isDirectory else { return failure("`\(path)` is no directory") }
    let files = machine.names(in: path).filter { $0.hasSuffix(".so") }.map { "\(path)/\($0)" }
    var wrong: [String] = []
    var mend: [String] = []
    for file in [path] + files {
      guard let status = machine.status(file) else { continue }
      if status.owner != 0, status.owner != machine.user {
        wrong.append("`\(file)` belongs to user \(status.owner)")
        mend.append("sudo chown \(machine.user) \(quoted(file))")
      }
      if status.isWritableByOthers {
        wrong.append("`\(file)` can be written by others")
        mend.append("chmod go-w \(quoted(file))")
      }
    }
    guard wrong.isEmpty else { return failure(wrong.joined(separator: "; "), mend: mend) }
    guard !files.isEmpty else {
      return warning("`\(path)` is empty: no handler can be run", mend: ["cp PLUGIN.so \(quoted(path))/"])
    }
    return ok("\(files.count) in `\(path)`")
  }
}

/// Can the runner keep its state?
struct StateDirectoryCheck: Check {
  let name = "state"
  let machine: MachineFiles
  let path: String

  func finding() -> Finding {
    guard let directory = machine.status(path) else {
      guard machine.isWritable(machine.existingDirectory(above: path)) else {
        return failure(
          "there is no directory `\(path)`, and this user can't make it",
          mend: ["sudo install -d -m 700 -o \(machine.user) \(quoted(path))"])
      }
      return ok("`\(path)`, made at the first start")
    }
    guard directory.isDirectory else { return failure("`\(path)` is no directory") }
    guard directory.owner == machine.user else {
      return failure(
        "`\(path)` belongs to user \(directory.owner)",
        mend: ["sudo chown -R \(machine.user) \(quoted(path))"])
    }
    guard machine.isWritable(path) else {
      return failure("`\(path)` can't be written", mend: ["chmod u+rwx \(quoted(path))"])
    }
    guard !directory.isWritableByOthers else {
      return failure("`\(path)` can be written by others", mend: ["chmod go-w \(quoted(path))"])
    }
    return ok("`\(path)`")
  }
}

/// Is there room for what jobs leave behind?
struct DiskCheck: Check {
  let name = "disk"
  let path: String
  let space: Space?

  /// What a file system has.
  struct Space: Sendable, Equatable {
    var free: Bytes
    var total: Bytes
    /// 0 for a file system that does not count files.
    var files: UInt64
    var freeFiles: UInt64
  }

  func finding() -> Finding {
    guard let space else { return failure("the file system of `\(path)` can't be read") }
    let mend = ["df -h \(quoted(path))", "du -xh --max-depth=1 \(quoted(path)) | sort -h"]
    let text = "\(space.free) of \(space.total) free for `\(path)`"
    if space.free < .mebibytes(64) { return failure(text, mend: mend) }
    if space.files > 0, space.freeFiles < 1000 {
      return failure("\(space.freeFiles) files can still be made for `\(path)`", mend: mend)
    }
    let isLow = space.free < .mebibytes(512) || space.free.rawValue < space.total.rawValue / 50
    return isLow ? warning(text, mend: mend) : ok(text)
  }
}
