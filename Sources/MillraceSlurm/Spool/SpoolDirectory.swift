import CMillraceLinux
import Glibc
import MillraceCore
import MillraceEngine
import MillraceLinux

/// The directory through which the runner and the nodes talk.
///
///     plugins/SHA256.so     copies of plugins
///     bundles/NAME/         one job of Slurm each; belongs to the jobs' user
///
/// What this runner notes of a bundle for the next one lies in the directory of ledgers, which nobody else
/// can read.
final class SpoolDirectory: Sendable {
  let path: String
  /// The directory `bundles`, open.
  let bundles: Descriptor
  private let ledgers: Descriptor
  /// From which the secrets of bundles are made.
  let keyFile: String
  private let plugins: Descriptor

  /// Opens it, and makes what is missing.
  /// - Throws: `LinuxError`, also if it is not the spool that the ledger speaks of: started again, attempts
  ///   that run would run twice.
  init(_ path: String, ledger: String? = nil) throws {
    self.path = path
    try Self.make(path, mode: 0o711)
    bundles = try Self.open("\(path)/bundles", mode: 0o711)
    plugins = try Self.open("\(path)/plugins", mode: 0o755)
    let ledger = ledger ?? "\(path)/ledger"
    keyFile = "\(ledger)/.key"
    ledgers = try Self.open(ledger, mode: 0o700)
    try identify(ledger)
  }

  /// Compares the marks that the first runner has left in the spool and in the ledger's directory.
  private func identify(_ ledger: String) throws {
    func mark(_ directory: borrowing Descriptor, _ path: String) throws -> String? {
      try Descriptor.ifThere(Self.mark, in: directory.number, flags: O_RDONLY | O_NOFOLLOW)?
        .contents(atMost: 1000, "\(path)/\(Self.mark)")
    }
    func write(_ text: String, _ directory: borrowing Descriptor) throws {
      let file = try Descriptor(
        opening: Self.mark, in: directory.number, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
      try Array(text.utf8).withUnsafeBytes { try file.write($0, Self.mark) }
      try checkErrno(fsync(file.number), "write the mark of a spool to the disk")
    }
    if let known = try mark(ledgers, ledger) {
      guard try mark(bundles, "\(path)/bundles") == known else {
        throw LinuxError(
          "use `\(path)` as a spool", .missing("it is not the one that was used before"),
          hint: "is its file system mounted? if it is another one on purpose: rm \(ledger)/\(Self.mark)")
      }
    } else {
      let new = "\(UInt64.random(in: .min ... .max)) \(UInt64.random(in: .min ... .max))\n"
      try write(new, bundles)
      try write(new, ledgers)
    }
  }

  private static let mark = ".spool"
  private static let draft = ".draft-"

  private static func make(_ path: String, mode: UInt32) throws {
    if mkdir(path, mode) == 0 {
      // Whatever this process' mask of modes is.
      try checkErrno(chmod(path, mode), "set the mode of `\(path)`")
    } else if errno != EEXIST {
      throw LinuxError("make `\(path)`", .kernel(errno))
    }
    var facts = stat()
    try checkErrno(lstat(path, &facts), "look at `\(path)`")
    guard facts.st_mode & S_IFMT == S_IFDIR, facts.st_uid == 0 || facts.st_uid == geteuid(),
      facts.st_mode & (S_IWGRP | S_IWOTH) == 0
    else {
      throw LinuxError(
        "use `\(path)` as a spool", .forbidden("others may write to it, or it is no directory"),
        hint: "chown \(geteuid()) \(path) && chmod go-w \(path)")
    }
  }

  private static func open(_ path: String, mode: UInt32) throws -> Descriptor {
    try make(path, mode: mode)
    return try Descriptor(opening: path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  }

  /// Where a bundle lies.
  func bundle(_ name: String) -> String { "\(path)/bundles/\(name)" }

  /// Puts a plugin there, unless it is there already.
  func put(_ plugin: Plugin) throws {
    let name = "\(plugin.sha256).so"
    var facts = stat()
    if fstatat(plugins.number, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 { return }
    let source = try Descriptor(opening: plugin.path, flags: O_RDONLY)
    let new = ".new-\(name)"
    unlinkat(plugins.number, new, 0)
    let copy = try Descriptor(
      opening: new, in: plugins.number, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    var chunk = [UInt8](repeating: 0, count: 256 << 10)
    while true {
      let count = read(source.number, &chunk, chunk.count)
      if count < 0 && errno == EINTR { continue }
      try checkErrno(Int32(min(count, 0)), "read `\(plugin.path)`")
      if count == 0 { break }
      try chunk[..<count].withUnsafeBytes { try copy.write($0, name) }
    }
    try checkErrno(fchmod(copy.number, 0o644), "let jobs read `\(name)`")
    try checkErrno(fsync(copy.number), "write `\(name)` to the disk")
    try checkErrno(renameat(plugins.number, new, plugins.number, name), "name `\(name)`")
  }

  /// Makes a bundle's directory with all that its host reads, and gives it to a user.
  func make(_ name: String, _ files: [(name: String, bytes: [UInt8])], for user: SlurmSettings.User) throws {
    let isOthers = user.uid != geteuid()
    // It has its name once it is whole: a runner that goes meanwhile leaves nothing that could be submitted.
    let draft = Self.draft + name
    try checkErrno(mkdirat(bundles.number, draft, 0o700), "make the bundle `\(name)`")
    guard let entry = try SpoolEntry(draft, in: bundles, owner: user.uid) else {
      throw LinuxError("open the bundle `\(name)`", .missing("it is gone"))
    }
    for file in files {
      guard try entry.create(file.name, file.bytes, mode: 0o600) else {
        throw LinuxError("make `\(file.name)`", .kernel(EEXIST))
      }
      if isOthers { try entry.give(file.name, to: user) }
    }
    if isOthers { try checkErrno(fchown(entry.number, user.uid, user.gid), "give `\(name)` away") }
    try checkErrno(renameat(bundles.number, draft, bundles.number, name), "name the bundle `\(name)`")
  }

  /// Removes a bundle's directory, whatever is in it; then, and not before, its ledger.
  func remove(_ name: String) async throws {
    try await DirectoryRemoval.remove(Self.draft + name, in: bundles.number)
    try await DirectoryRemoval.remove(name, in: bundles.number)
    unlinkat(ledgers.number, name, 0)
  }

  /// The bundles that there are, by their ledgers or directories.
  func names() throws -> Set<String> {
    func list(_ directory: borrowing Descriptor) throws -> [String] {
      try DirectoryRemoval.names(in: directory.number).compactMap { name in
        let text = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.hasPrefix(".") ? nil : text
      }
    }
    return Set(try list(ledgers) + list(bundles))
  }

  /// Writes a ledger; it is on the disk afterwards.
  func write(_ ledger: BundleLedger) throws {
    let new = ".new-\(ledger.name)"
    let file = try Descriptor(
      opening: new, in: ledgers.number, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    try Array(ledger.text.utf8).withUnsafeBytes { try file.write($0, "the ledger of `\(ledger.name)`") }
    try checkErrno(fsync(file.number), "write the ledger of `\(ledger.name)` to the disk")
    try checkErrno(
      renameat(ledgers.number, new, ledgers.number, ledger.name), "name the ledger of `\(ledger.name)`")
  }

  /// Returns a ledger; nil if there is none that can be read.
  func ledger(_ name: String) throws -> BundleLedger? {
    guard let file = try Descriptor.ifThere(name, in: ledgers.number, flags: O_RDONLY | O_NOFOLLOW) else {
      return nil
    }
    return BundleLedger(try file.contents(atMost: 1 << 20, "the ledger of `\(name)`"), named: name)
  }
}
