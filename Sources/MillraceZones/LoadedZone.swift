import Glibc
package import MillraceCore

/// A time zone as its file was when it was read.
package struct LoadedZone: Sendable {
  /// Its name: `Europe/Riga`; `localtime` if the machine's own zone has none.
  package let name: String
  package let rules: ZoneRules
  /// Nil if it comes from no file.
  private let file: String?
  /// Nil if there was no file.
  private let stamp: FileStamp?

  init(name: String, rules: ZoneRules, file: String?, stamp: FileStamp?) {
    (self.name, self.rules, self.file, self.stamp) = (name, rules, file, stamp)
  }

  /// The directories in which something happens when another file takes the place of its own: that of the
  /// name and that of the file which links lead to. None if it comes from no file.
  package var directories: [String] {
    guard let file else { return [] }
    let target = realpath(file, nil).map { path in
      defer { free(path) }
      return String(cString: path)
    }
    return [file, target].compactMap { $0 }.map { path in
      path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
  }

  /// Whether another file is there now, or other bytes in it: time zones change by law, at times within days.
  ///
  /// It is one `stat`; read the zone again if it says yes. It says so also while there is no file, as in the
  /// middle of an update.
  package var hasChanged: Bool { file.map { FileStamp(of: $0) != stamp } ?? false }
}
