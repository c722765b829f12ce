package import MillraceCore

/// The tokens with which the API lets callers in who do not come over the Unix socket.
package protocol TokenRegister: Sendable {
  /// Returns whose token this is; nil if it is nobody's, or not any more.
  /// - Throws: `Refusal` (`conflict`) for a file of tokens that can't be used.
  func holder(of token: String) throws -> TokenHolder?
}

/// Who has a token.
package struct TokenHolder: Sendable, Equatable {
  /// The name of the token, unique among them.
  package var name: String
  package var role: Role

  package init(name: String, role: Role) {
    self.name = name
    self.role = role
  }
}
