import Glibc

/// Names of users, for what people read.
package enum UserName {
  /// Returns the name of a user; the number if it has none.
  package static func of(_ number: UInt32) -> String {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 4096)
    guard getpwuid_r(number, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
      return "\(number)"
    }
    return String(cString: entry.pw_name)
  }
}
