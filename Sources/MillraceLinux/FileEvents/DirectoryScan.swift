import Glibc
import MillraceCore

/// A look at all files of a directory, some at a time.
final class DirectoryScan {
  let path: String
  let purpose: Purpose
  private let listing: OpaquePointer

  enum Purpose: Equatable {
    /// Files that have changed since what their rule says.
    case all
    /// Files whose content changed between two times, both included.
    case again(first: Timestamp, last: Timestamp)
  }

  /// Opens a directory.
  /// - Throws: `LinuxError`.
  init(_ path: String, _ purpose: Purpose) throws {
    guard let listing = opendir(path) else { throw LinuxError("list `\(path)`", .kernel(errno)) }
    self.path = path
    self.purpose = purpose
    self.listing = listing
  }

  deinit { closedir(listing) }

  /// Returns more names; at the end none.
  /// - Throws: `LinuxError`.
  func names(atMost count: Int) throws -> [FileName] {
    var names: [FileName] = []
    while names.count < count {
      errno = 0
      guard let entry = readdir(listing) else {
        guard errno == 0 else { throw LinuxError("list `\(path)`", .kernel(errno)) }
        break
      }
      names.append(
        FileName(bytes: withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }))
    }
    return names
  }
}
