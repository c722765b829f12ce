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

extension UserName {
  /// Whether a user is in a group, by the system's lists of both.
  package static func isMember(_ user: UInt32, of group: UInt32) -> Bool {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    var buffer = [CChar](repeating: 0, count: 4096)
    guard getpwuid_r(user, &entry, &buffer, buffer.count, &found) == 0, found != nil else { return false }
    var groups = [gid_t](repeating: 0, count: 1024)
    var count = Int32(groups.count)
    guard getgrouplist(entry.pw_name, entry.pw_gid, &groups, &count) >= 0 else { return false }
    return groups.prefix(Int(count)).contains(group)
  }
}
