import Glibc
import MillraceCore

/// The time zones of the machine: a directory of files, as the package `tzdata` installs it
/// ([tzfile(5)](https://man7.org/linux/man-pages/man5/tzfile.5.html)).
package struct ZoneDirectory: Sendable {
  /// Where the files are.
  package let path: String
  /// The file of the machine's own zone, usually a link to one of the others.
  package let localTime: String

  /// Makes one; nothing is read yet.
  package init(path: String = "/usr/share/zoneinfo", localTime: String = "/etc/localtime") {
    (self.path, self.localTime) = (path, localTime)
  }

  /// Makes the one that a process shall use: where its variable `TZDIR` says, else the usual one.
  package static func current(environment: (String) -> String?) -> ZoneDirectory {
    environment("TZDIR").map { ZoneDirectory(path: $0) } ?? ZoneDirectory()
  }

  /// Reads a zone.
  ///
  /// - Parameter name: as it is in the directory: `Europe/Riga`.
  /// - Returns: the zone with its rules.
  /// - Throws: `ZoneError`; for an unknown name with one that is near.
  package func zone(_ name: String) throws(ZoneError) -> LoadedZone {
    guard Self.isName(name) else {
      throw ZoneError(name, .badName, hint: "names are like Europe/Riga or UTC; paths are none")
    }
    guard let zone = try load("\(path)/\(name)", name: name) else { throw unknown(name) }
    return zone
  }

  /// Reads the zone of whoever runs this process: that of `TZ`, else the machine's, else UTC.
  ///
  /// - Parameter variable: what `TZ` is set to: a name, a path in the directory, or a POSIX rule; nil if it
  ///   is not set.
  /// - Returns: the zone with its rules.
  /// - Throws: `ZoneError`.
  package func ownZone(variable: String?) throws(ZoneError) -> LoadedZone {
    guard let variable else { return try machineZone() }
    let text = String(variable.hasPrefix(":") ? variable.dropFirst() : variable[...])
    if text == localTime { return try machineZone() }
    let name = text.hasPrefix(path + "/") ? String(text.dropFirst(path.utf8.count + 1)) : text
    if Self.isName(name), let zone = try load("\(path)/\(name)", name: name) { return zone }
    if let rules = ZoneRules(posix: text) {
      return LoadedZone(name: text, rules: rules, file: nil, stamp: nil)
    }
    throw unknown(name)
  }

  private func machineZone() throws(ZoneError) -> LoadedZone {
    try load(localTime, name: machineZoneName)
      ?? LoadedZone(name: "UTC", rules: .utc, file: localTime, stamp: nil)
  }

  /// The name that the link to the machine's zone leads to.
  private var machineZoneName: String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(localTime, &buffer, buffer.count)
    let target = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    for mark in [path + "/", "/zoneinfo/"] {
      let parts = target.split(separator: mark, maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2, Self.isName(String(parts[1])) { return String(parts[1]) }
    }
    return "localtime"
  }

  /// The names of all zones, in order, without those of `posix/` and `right/`; none without a directory.
  package var names: [String] { names(below: "").sorted() }

  private func names(below prefix: String) -> [String] {
    guard let directory = opendir("\(path)/\(prefix)") else { return [] }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      // The tables and other copies that lie there begin with small letters, or have a dot.
      guard let first = name.utf8.first, (0x41...0x5a).contains(first), Self.isName(name) else { continue }
      var status = stat()
      guard !name.contains("."), stat("\(path)/\(prefix)\(name)", &status) == 0 else { continue }
      if status.st_mode & S_IFMT == S_IFREG { found.append(prefix + name) }
      // Names have three parts at most.
      if status.st_mode & S_IFMT == S_IFDIR, prefix.count(where: { $0 == "/" }) < 2 {
        found += names(below: "\(prefix)\(name)/")
      }
    }
    return found
  }

  /// Whether a text can be the name of a zone: parts of letters, digits and `_ + - .`, none `.` or `..`.
  private static func isName(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return (1...100).contains(text.utf8.count)
      && parts.allSatisfy { part in
        !part.isEmpty && part != "." && part != ".."
          && part.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_+-.".contains($0)) }
      }
  }

  private func unknown(_ name: String) -> ZoneError {
    let names = names
    guard !names.isEmpty else {
      return ZoneError(
        name, .unknown(near: nil), hint: "there are no zones in `\(path)`; install the package `tzdata`")
    }
    func city(_ name: String) -> Substring? { name.lowercased().split(separator: "/").last }
    let near =
      names.first { $0.lowercased() == name.lowercased() } ?? Spelling.nearest(to: name, among: names)
      ?? names.first { city($0) == city(name) }
    return ZoneError(name, .unknown(near: near), hint: "`timedatectl list-timezones` has them all")
  }
}
