import FoundationEssentials
import Glibc
import MillraceCore

/// What the files of the plugin directory are and were, in a file beside the copies of the builds: it is of
/// no use without them.
struct BuildIndex {
  /// By the name of the file in the plugin directory.
  private(set) var shelves: [String: BuildShelf] = [:]
  private var saved: [String: BuildShelf] = [:]
  private let path: String

  /// More files than this are forgotten when they are gone.
  private static let most = 1000
  /// A longer file is none of ours.
  private static let bound = 16 << 20

  /// Makes an index of no file.
  init(in directory: String) { path = directory + "/index.json" }

  /// Reads what a former runner wrote; nothing if there is none.
  /// - Throws: `LinuxError` if it can't be read; then nothing of it counts.
  mutating func read() throws {
    guard let bytes = try TrustedFiles.bytes(of: path, "the builds in", atMost: Self.bound) else { return }
    do {
      shelves = try JSONDecoder().decode([String: BuildShelf].self, from: Data(bytes))
    } catch {
      throw LinuxError("read the builds in `\(path)`", .malformed("\(error)"))
    }
    saved = shelves
  }

  /// Returns what a file is and was.
  subscript(file: String) -> BuildShelf {
    get { shelves[file] ?? BuildShelf() }
    set { shelves[file] = newValue }
  }

  /// Takes note of the files that are gone.
  mutating func keep(_ files: [String]) {
    for file in shelves.keys where !files.contains(file) { shelves[file]?.remove() }
    for file in shelves.keys.sorted() where shelves.count > Self.most && !files.contains(file) {
      shelves[file] = nil
    }
  }

  /// Writes what has changed, so that there is the old text or the new one at any time, also after a crash.
  /// - Throws: `LinuxError`.
  mutating func save() throws {
    guard shelves != saved else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    let bytes = [UInt8](try encoder.encode(shelves))
    let temporary = path + ".new"
    unlink(temporary)
    let file = try Descriptor(
      opening: temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
    try bytes.withUnsafeBytes { try file.write($0, temporary) }
    try checkErrno(fsync(file.number), "write `\(temporary)`")
    try checkErrno(rename(temporary, path), "replace `\(path)`")
    let directory = String(path.dropLast("/index.json".count))
    let place = try Descriptor(opening: directory, flags: O_RDONLY | O_DIRECTORY)
    try checkErrno(fsync(place.number), "write `\(directory)`")
    saved = shelves
  }
}
