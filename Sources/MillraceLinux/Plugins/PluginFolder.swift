import Glibc
import MillraceCore
import MillraceEngine

/// The files that belong to a plugin: those in the directory `libx.d` beside its `libx.so`. They are held to
/// the same rules as plugins; directories among them are passed over.
struct PluginFolder {
  /// Its path, whether it is there or not.
  let path: String
  /// Files that may not be used, and why.
  private(set) var refused: [RefusedPlugin] = []
  private var files: [File] = []

  private struct File {
    var name: String
    var known: Known
    /// What is in it, if it was read just now.
    var bytes: [UInt8]?
  }

  /// What a file was when it was read.
  struct Known: Equatable {
    var mark: PluginFile.Mark
    var digest: String
  }

  /// A file is not what it was when it was looked at.
  struct HasChanged: Error {}

  /// The most bytes of a file, and of all together.
  private static let fileBound = 16 << 20
  private static let bound = 64 << 20

  /// The ends of the names of a plugin and of its directory.
  private static let suffixes = (plugin: ".so", folder: ".d")

  /// The path of the directory beside a plugin's file.
  static func path(beside plugin: String) -> String {
    String(plugin.dropLast(suffixes.plugin.count)) + suffixes.folder
  }

  /// Reads what is in it; it need not be there.
  /// - Parameters:
  ///   - plugin: the path of the library.
  ///   - known: its files as they were before, by name: those that have not changed are not read again.
  init(beside plugin: String, known: [String: Known] = [:]) {
    path = Self.path(beside: plugin)
    guard access(path, F_OK) == 0 else { return }
    do {
      for name in try TrustedFiles.names(in: path, "directory") { read(name, known[name]) }
    } catch {
      refuse(path, error)
    }
  }

  var isEmpty: Bool { files.isEmpty }

  /// The names of its files, in order.
  var names: [String] { files.map(\.name) }

  /// Its files, for the next look. One that was changed just now is not among them: the kernel's clock for
  /// files is coarse, so it could change again without a trace.
  var known: [String: Known] {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let settled = files.filter { $0.known.mark.changed < now.tv_sec - 1 }
    return Dictionary(uniqueKeysWithValues: settled.map { ($0.name, $0.known) })
  }

  /// What a plugin says of its parts, each with the file that it begins with; `file` is the plugin's own.
  func problems(of plugin: Plugin, at file: String) -> [RefusedPlugin] {
    guard plugin.hasFiles || isEmpty else {
      let reason = "the plugin `\(plugin.name)` has no use for files of its own"
      return [RefusedPlugin(path: path, reason: reason)]
    }
    return plugin.problems.map { problem in
      guard let name = names.first(where: { problem.hasPrefix("\($0): ") }) else {
        return RefusedPlugin(path: file, reason: "a part of it: \(problem)")
      }
      let reason = String(problem.dropFirst(name.count + ": ".count))
      return RefusedPlugin(path: "\(path)/\(name)", reason: reason)
    }
  }

  private mutating func read(_ name: String, _ known: Known?) {
    let file = "\(path)/\(name)"
    var facts = stat()
    guard lstat(file, &facts) == 0, facts.st_mode & S_IFMT != S_IFDIR else { return }
    let mark = PluginFile.Mark(facts)
    let rest = Self.bound - files.reduce(0) { $0 + $1.known.mark.size }
    if let known, known.mark == mark, mark.size <= rest {
      return files.append(File(name: name, known: known, bytes: nil))
    }
    do {
      guard let bytes = try TrustedFiles.bytes(of: file, "the file", atMost: min(Self.fileBound, rest)) else {
        return
      }
      let digest = PluginFile.digest(of: bytes)
      files.append(File(name: name, known: Known(mark: mark, digest: digest), bytes: bytes))
    } catch {
      refuse(file, error)
    }
  }

  private mutating func refuse(_ file: String, _ error: any Error) {
    refused.append(RefusedPlugin(path: file, reason: (error as? LinuxError)?.why ?? "\(error)"))
  }

  /// Returns the identity of a build: the library's SHA-256 alone, or that of the lines that sha256sum(1)
  /// prints of `.so`, which stands for the library, and of the files by name.
  func digest(with library: String) -> String {
    isEmpty ? library : PluginFile.digest(of: Array(list(with: library).utf8))
  }

  /// Returns those lines.
  func list(with library: String) -> String {
    let lines = ["\(library)  .so\n"] + files.map { "\($0.known.digest)  \($0.name)\n" }
    return lines.joined()
  }

  /// Copies the files into a directory, which is there whole or not at all.
  /// - Throws: `HasChanged` if one is not what it was; `LinuxError`.
  func copy(to directory: String) throws {
    guard !isEmpty, access(directory, F_OK) != 0 else { return }
    let temporary = "\(directory).new"
    Self.remove(temporary)
    do {
      try checkErrno(mkdir(temporary, 0o755), "make `\(temporary)`")
      try checkErrno(chmod(temporary, 0o755), "set up `\(temporary)`")
      for file in files { try copy(file, to: "\(temporary)/\(file.name)") }
      try checkErrno(rename(temporary, directory), "keep a copy of `\(path)`")
    } catch {
      Self.remove(temporary)
      throw error
    }
  }

  private func copy(_ file: File, to place: String) throws {
    let bytes = try file.bytes ?? bytes(again: file)
    let copy = try Descriptor(opening: place, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    try checkErrno(fchmod(copy.number, 0o644), "set up `\(place)`")
    try bytes.withUnsafeBytes { try copy.write($0, place) }
  }

  private func bytes(again file: File) throws -> [UInt8] {
    let place = "\(path)/\(file.name)"
    guard let bytes = try TrustedFiles.bytes(of: place, "the file", atMost: Self.fileBound),
      PluginFile.digest(of: bytes) == file.known.digest
    else { throw HasChanged() }
    return bytes
  }

  /// Removes a directory of copies, which has nothing but files in it; nothing happens if there is none.
  static func remove(_ directory: String) {
    guard let stream = opendir(directory) else { return }
    defer { closedir(stream) }
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      unlinkat(dirfd(stream), name, 0)
    }
    rmdir(directory)
  }
}
