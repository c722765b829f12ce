import Glibc
import MillraceSocket

/// The user that tests run as.
enum UserNames {
  static var own: String { UserName.of(geteuid()) }
  static var ownGroup: UInt32 { getegid() }
  static var pid: Int32 { getpid() }
}
