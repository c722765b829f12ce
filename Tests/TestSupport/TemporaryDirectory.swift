import FoundationEssentials
import Glibc

/// A new directory that is removed with everything in it at the end of its life.
package final class TemporaryDirectory: Sendable {
  package let path: String

  package init() throws {
    var template = [CChar]("/tmp/millrace-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw TestFailure("cannot make a directory in /tmp") }
    path = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }

  deinit {
    // What can't be removed stays in /tmp; no test depends on it.
    try? FileManager.default.removeItem(atPath: path)
  }
}

/// A test's own preparation failed.
package struct TestFailure: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
