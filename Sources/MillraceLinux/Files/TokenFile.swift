import MillraceCore
package import MillraceEngine

/// Tokens in a file, a line each: a name, a role and `sha256:` with the digest of the token in hexadecimal
/// digits. It is read anew each time, so that a token can be taken back.
///
/// A token has 256 random bits (`Token`): its digest can't be guessed, however quick it is to compute.
package struct TokenFile: TokenRegister {
  private let path: String
  /// The most bytes of a file, and of a token.
  private static let longest = 1 << 20
  private static let longestToken = 512

  package init(path: String) { self.path = path }

  package func holder(of token: String) throws -> TokenHolder? {
    guard token.utf8.count <= Self.longestToken else { return nil }
    let digest = Array(Token.digest(of: token).utf8)
    // All are compared, and each to its end, whichever fits: the time tells nothing.
    var found: TokenHolder?
    for line in try lines() where Self.areEqual(Array(line.digest.utf8), digest) { found = line.holder }
    return found
  }

  struct Line {
    var holder: TokenHolder
    var digest: String
  }

  private func lines() throws -> [Line] {
    let bytes: [UInt8]?
    do {
      bytes = try TrustedFiles.bytes(of: path, "the tokens in", atMost: Self.longest, isSecret: true)
    } catch let error as LinuxError {
      throw Refusal(.conflict, "\(error)", hint: "chmod 600 \(path)")
    }
    guard let bytes else { throw Refusal(.conflict, "there is no file of tokens `\(path)`") }
    return try Self.lines(of: String(decoding: bytes, as: UTF8.self), in: path)
  }

  /// Reads the text of such a file; `path` is for messages.
  static func lines(of text: String, in path: String) throws -> [Line] {
    var lines: [Line] = []
    let texts = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, text) in texts.enumerated() where !text.isEmpty && !text.hasPrefix("#") {
      guard let line = line(text) else {
        throw Refusal(
          .conflict, "line \(index + 1) of the tokens in `\(path)` is none",
          hint: "a line is `NAME ROLE sha256:DIGITS`, as `millrace token new` prints it")
      }
      guard !lines.contains(where: { $0.holder.name == line.holder.name }) else {
        throw Refusal(
          .conflict, "line \(index + 1) of the tokens in `\(path)` has a name that was there before")
      }
      lines.append(line)
    }
    return lines
  }

  private static func line(_ text: Substring) -> Line? {
    let parts = text.split(separator: " ")
    guard parts.count == 3, Handler.isValidName(String(parts[0])),
      let role = Role(rawValue: String(parts[1])),
      parts[2].hasPrefix(Token.prefix)
    else { return nil }
    let digest = parts[2].dropFirst(Token.prefix.count)
    guard digest.utf8.count == 64, digest.allSatisfy({ "0123456789abcdef".contains($0) }) else { return nil }
    return Line(holder: TokenHolder(name: String(parts[0]), role: role), digest: String(digest))
  }

  private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
