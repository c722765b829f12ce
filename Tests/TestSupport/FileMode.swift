import Glibc

/// The kind and the permissions of a file.
package enum FileMode {
  /// Returns the mode of a file, links not followed; nil if there is none.
  package static func of(_ path: String) -> UInt32? {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode : nil
  }
}
