import FoundationEssentials
import MillraceCore
import NIOCore

/// The files of the dashboard, in memory: whatever is asked for, no path is ever looked up.
package struct DashboardFiles: Sendable {
  /// One file as it is sent.
  struct File: Sendable {
    var mediaType: String
    /// Tells its content from every other: its SHA-256.
    var revision: String
    var content: ByteBuffer
  }

  /// The page itself.
  let page: File
  /// What it is made of, by name.
  let assets: [String: File]

  /// Why the dashboard can't be shown.
  package struct Unusable: Error, CustomStringConvertible {
    package let description: String
  }

  /// There are no more files than that, and none is larger: something else was put there otherwise.
  static let mostFiles = 64
  static let mostBytes = 1 << 20

  private static let mediaTypes = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
  ]

  /// Reads the files of a directory; those of other kinds, and those below it, are left out.
  ///
  /// - Throws: `Unusable` if `index.html` is not there, or what is there is too much.
  package init(directory: String) throws {
    var files: [String: File] = [:]
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: directory) } catch {
      throw Unusable(description: "there is no directory `\(directory)`")
    }
    for name in names.sorted() {
      guard let dot = name.lastIndex(of: "."),
        let mediaType = Self.mediaTypes[String(name[name.index(after: dot)...])]
      else { continue }
      guard files.count < Self.mostFiles else {
        throw Unusable(description: "`\(directory)` has more than \(Self.mostFiles) files")
      }
      guard let content = FileManager.default.contents(atPath: "\(directory)/\(name)") else {
        throw Unusable(description: "`\(directory)/\(name)` can't be read")
      }
      guard content.count <= Self.mostBytes else {
        throw Unusable(description: "`\(directory)/\(name)` is larger than \(Self.mostBytes) bytes")
      }
      files[name] = File(
        mediaType: mediaType, revision: SHA256.hex(of: content), content: ByteBuffer(bytes: content))
    }
    guard let page = files.removeValue(forKey: "index.html") else {
      throw Unusable(description: "there is no `index.html` in `\(directory)`")
    }
    self.page = page
    assets = files
  }
}
