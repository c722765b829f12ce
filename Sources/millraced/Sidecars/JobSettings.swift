import Glibc
import MillraceCore
import MillraceYAML

/// What a file beside a plugin says of the processes of its jobs.
extension Setting {
  /// Reads as whom jobs run.
  func jobUser() -> JobUser? {
    guard let name = text() else { return nil }
    guard geteuid() == 0 else {
      mistake("needs a runner of root: this one runs all jobs as its own user")
      return nil
    }
    guard let entry = getpwnam(name) else {
      mistake("names no user of this machine: `\(name)`")
      return nil
    }
    let user = JobUser(name: name, uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
    guard user.uid != 0, user.gid != 0 else {
      mistake("must not be root, nor have root's group")
      return nil
    }
    return user
  }

  /// The most bytes of all variables together.
  private static let largestEnvironment = 64 << 10

  /// Reads variables of the environment.
  func environment() -> [String: String] {
    var variables: [String: String] = [:]
    for variable in settings() {
      guard Self.isVariable(variable.name) else {
        variable.mistakeInName("can't be a variable: letters, digits and `_`, no digit first")
        continue
      }
      guard !variable.name.hasPrefix("MILLRACE_"), variable.name != "TRACEPARENT" else {
        variable.mistakeInName("is set by the runner")
        continue
      }
      guard let value = variable.plainText, !value.utf8.contains(0) else {
        variable.mistake("must be a text")
        continue
      }
      variables[variable.name] = value
    }
    let size = variables.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count + 2 }
    if size > Self.largestEnvironment { mistake("is over \(Self.largestEnvironment) bytes long") }
    return variables
  }

  private static func isVariable(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return name.utf8.allSatisfy {
      $0 == UInt8(ascii: "_") || (0x30...0x39).contains($0) || (0x41...0x5a).contains($0)
        || (0x61...0x7a).contains($0)
    }
  }
}
