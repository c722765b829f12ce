import Glibc

/// Something that the kernel or a file did not let us do.
package struct LinuxError: Error, CustomStringConvertible, Sendable {
  /// What we were doing, to what: "set `memory.max` to 1 on `jobs/42.1`".
  package var doing: String
  /// Why not.
  package var reason: Reason
  /// What to do about it; nil if there is nothing to say.
  package var hint: String?

  /// Why something could not be done.
  package enum Reason: Sendable, Equatable {
    /// The kernel said so: an errno.
    case kernel(Int32)
    /// A text is not what it should be.
    case malformed(String)
    /// Something that must be there is not.
    case missing(String)
    /// A rule of ours forbids it.
    case forbidden(String)
  }

  package init(_ doing: String, _ reason: Reason, hint: String? = nil) {
    self.doing = doing
    self.reason = reason
    self.hint = hint
  }

  /// Why not, in words.
  package var why: String {
    switch reason {
    case .kernel(let number): String(cString: strerror(number))
    case .malformed(let what), .missing(let what), .forbidden(let what): what
    }
  }

  package var description: String {
    "cannot \(doing): \(why)" + (hint.map { "\n\nhint: \($0)" } ?? "")
  }
}

/// Returns a system call's result, or throws what its negative errno says.
@discardableResult
package func check<Number: SignedInteger>(_ result: Number, _ doing: @autoclosure () -> String) throws
  -> Number
{
  guard result >= 0 else { throw LinuxError(doing(), .kernel(Int32(-result))) }
  return result
}

/// Returns the result of a call that sets `errno`, or throws.
@discardableResult
package func checkErrno(_ result: Int32, _ doing: @autoclosure () -> String) throws -> Int32 {
  guard result >= 0 else { throw LinuxError(doing(), .kernel(errno)) }
  return result
}
