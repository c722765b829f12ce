/// A rule that the scheduler broke: a bug of ours.
package struct BrokenRule: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }

  /// Throws unless a condition holds.
  static func unless(_ condition: Bool, _ words: @autoclosure () -> String) throws(BrokenRule) {
    if !condition { throw BrokenRule(words()) }
  }
}
