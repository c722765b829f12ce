import Glibc
import MillraceCore
import MillraceLinux
import MillraceYAML

/// The files of one kind in a directory, each with what it said when it last had no mistake.
struct LastGoodFiles<Content: Sendable>: Sendable {
  let directory: String
  private let kind: Kind
  /// By file name.
  private var files: [String: File] = [:]
  /// Whether the directory could not be listed the last time.
  private var isRefused = false
  /// What was complained of last, by path.
  private var complaints: [String: String] = [:]

  /// What kind of files they are.
  struct Kind: Sendable {
    /// How their names end: `.yaml`.
    var suffixes: [String]
    /// What they have for people: "the calendar in".
    var words: String
    /// What the directory is for people: "directory of calendars".
    var directory: String
    /// What is in force of a file that never was without mistakes: "nothing of it".
    var rest: String
    /// Reads the bytes of a file; told its path and its name without the suffix.
    var parse: @Sendable (_ bytes: [UInt8], _ path: String, _ name: String) throws -> Content
  }

  private struct File: Sendable {
    var bytes: [UInt8]?
    /// The last one without mistakes; nil if there never was one.
    var content: Content?
    /// What is wrong with it now; nil if nothing is.
    var complaint: String?
  }

  /// More of them are not read.
  private static var mostFiles: Int { 10_000 }
  /// Longer ones are refused.
  private static var longest: Int { 1 << 20 }

  /// Makes it; nothing is read yet.
  init(in directory: String, _ kind: Kind) {
    self.directory = directory
    self.kind = kind
  }

  /// What the files say, by name of the file, in order.
  var contents: [(file: String, content: Content)] {
    files.sorted { $0.key < $1.key }.compactMap { name, file in file.content.map { (name, $0) } }
  }

  /// The paths of which nothing is known: files that were never read without mistakes, the directory if it
  /// could not be listed.
  var unreadable: [String] {
    let unknown = files.filter { $0.value.content == nil }.keys.sorted().map(path)
    return (isRefused ? [directory] : []) + unknown
  }

  /// Returns what is wrong with a file; nil if nothing is, or it is not there.
  func complaint(of file: String) -> String? { files[file]?.complaint }

  /// The path of a file.
  func path(of file: String) -> String { "\(directory)/\(file)" }

  /// The name of a file without its suffix.
  func stem(of file: String) -> String {
    kind.suffixes.first { file.hasSuffix($0) }.map { String(file.dropLast($0.count)) } ?? file
  }

  /// Finds files that have the name of an earlier one.
  ///
  /// - Parameters:
  ///   - verb: what the earlier one has or is: "has the schedule".
  ///   - name: the name of a content, and where the file says it.
  /// - Returns: what is wrong with them, by path.
  func doubles(
    _ verb: String, _ name: (_ file: String, Content) -> (String, TextPlace)
  ) -> [String: String] {
    var first: [String: String] = [:]
    var doubles: [String: String] = [:]
    for (file, content) in contents {
      let (name, place) = name(file, content)
      if let other = first[name] {
        doubles[path(of: file)] =
          "\(path(of: file)):\(place.line):\(place.column): `\(other)` \(verb) `\(name)` already; "
          + "nothing of this file is in force"
      } else {
        first[name] = file
      }
    }
    return doubles
  }

  /// Looks at the files again.
  /// - Parameter other: finds what is wrong with the contents beside each other, by path.
  /// - Returns: what is wrong now and was not told the last time.
  mutating func read(_ other: (Self) -> [String: String]) -> [String] {
    var complaints: [String: String] = [:]
    do {
      let isThere = access(directory, F_OK) == 0 || errno != ENOENT
      let names = isThere ? try TrustedFiles.names(in: directory, kind.directory) : []
      isRefused = false
      let ours = names.filter { name in kind.suffixes.contains { name.hasSuffix($0) } }
      files = files.filter { ours.contains($0.key) }
      for name in ours.prefix(Self.mostFiles) {
        files[name] = file(name)
        if let complaint = files[name]?.complaint { complaints[path(of: name)] = complaint }
      }
      for name in ours.dropFirst(Self.mostFiles) where files[name] == nil { files[name] = File() }
      if ours.count > Self.mostFiles {
        complaints[directory] =
          "`\(directory)` has \(ours.count) files; only the first \(Self.mostFiles) are read"
      }
      for name in names where name.hasSuffix(".yml") {
        complaints[path(of: name)] = "`\(path(of: name))` is not read: its name must end with `.yaml`"
      }
    } catch {
      isRefused = true
      complaints[directory] = Self.words(error) + "; what was read of it before stays in force"
    }
    complaints.merge(other(self)) { own, _ in own }
    defer { self.complaints = complaints }
    return complaints.filter { self.complaints[$0.key] != $0.value }.sorted { $0.key < $1.key }.map(\.value)
  }

  private func file(_ name: String) -> File? {
    var file = files[name] ?? File()
    do {
      guard let bytes = try TrustedFiles.bytes(of: path(of: name), kind.words, atMost: Self.longest) else {
        return nil  // It was deleted meanwhile.
      }
      if bytes == file.bytes { return file }
      file.bytes = bytes
      file.content = try kind.parse(bytes, path(of: name), stem(of: name))
      file.complaint = nil
    } catch {
      if !(error is FileMistakes) { file.bytes = nil }  // The same bytes may be fine the next time.
      let rest = file.content == nil ? "\(kind.rest) is in force" : "its last good content stays in force"
      file.complaint = "\(Self.words(error)); \(rest)"
    }
    return file
  }

  /// More mistakes of one file help nobody.
  private static var mostLines: Int { 20 }

  /// All that is wrong, on one line.
  private static func words(_ error: any Error) -> String {
    switch error {
    case let error as FileMistakes:
      let more = error.lines.count - mostLines
      return error.lines.prefix(mostLines).joined(separator: "; ") + (more > 0 ? "; and \(more) more" : "")
    case let error as LinuxError: return LinuxError(error.doing, error.reason).description
    default: return "\(error)"
    }
  }
}
