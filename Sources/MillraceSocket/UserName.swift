import Glibc

/// Names of users, for what people read.
package enum UserName {
  /// Returns the name of a user; the number if it has none.
  package static func of(_ number: UInt32) -> String {
    with(number) { String(cString: $0.pw_name) } ?? "\(number)"
  }

  /// Whether a user is in a group, by the system's lists of both.
  package static func isMember(_ user: UInt32, of group: UInt32) -> Bool {
    with(user) { entry in
      var groups = [gid_t](repeating: 0, count: 1024)
      var count = Int32(groups.count)
      guard getgrouplist(entry.pw_name, entry.pw_gid, &groups, &count) >= 0 else { return false }
      return groups.prefix(Int(count)).contains(group)
    } ?? false
  }

  /// Gives `body` the system's entry of a user; nil if there is none.
  private static func with<Result>(_ user: UInt32, _ body: (passwd) -> Result) -> Result? {
    var buffer = [CChar](repeating: 0, count: 4096)
    return buffer.withUnsafeMutableBufferPointer { memory in
      var entry = passwd()
      var found: UnsafeMutablePointer<passwd>?
      guard let start = memory.baseAddress,
        getpwuid_r(user, &entry, start, memory.count, &found) == 0, found != nil
      else { return nil }
      return body(entry)
    }
  }
}
