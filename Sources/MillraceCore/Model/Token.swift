/// A secret that lets its bearer in, and the line of a file of tokens that stands for it.
package struct Token: Sendable, Equatable {
  /// What the bearer shows.
  package var secret: String
  /// `NAME ROLE sha256:DIGITS`.
  package var line: String

  /// What is before the digest in a line.
  package static let prefix = "sha256:"

  /// Makes a token of 256 random bits.
  package init(name: String, role: Role) {
    var generator = SystemRandomNumberGenerator()
    let digits = (0..<4).map { _ in (generator.next() as UInt64).hexadecimal }
    secret = "mr_" + digits.joined()
    line = "\(name) \(role.rawValue) \(Self.prefix)\(Self.digest(of: secret))"
  }

  /// Returns the digest of a token, SHA-256 in hexadecimal digits.
  package static func digest(of secret: String) -> String { SHA256.hex(of: secret.utf8) }
}
