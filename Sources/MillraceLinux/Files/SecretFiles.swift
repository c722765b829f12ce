import FoundationEssentials
import MillraceCore
import MillraceEngine

/// Computes authentication codes with secrets in files: of root or the runner's own user, and neither read
/// nor written by anybody else. A file is read anew each time, so that a secret can be changed.
package struct SecretFiles: MessageAuthentication {
  /// The most bytes of a secret.
  private static let longest = 4096

  package init() {}

  package func code(of message: [UInt8], withSecretIn file: String) throws -> [UInt8] {
    AuthenticationCode.code(of: message, with: try Self.secret(in: file))
  }

  private static func secret(in file: String) throws -> [UInt8] {
    let hint = "the secret is the file's only line, and the file is the runner's: `chmod 600 \(file)`"
    func refusal(_ why: String) -> Refusal {
      Refusal(.conflict, "cannot use the secret in `\(file)`: \(why)", hint: hint)
    }
    var secret: [UInt8]
    do {
      guard
        let bytes = try TrustedFiles.bytes(of: file, "the secret in", atMost: longest, isSecret: true)
      else { throw refusal("there is no such file") }
      secret = bytes
    } catch let error as LinuxError {
      throw Refusal(.conflict, "\(error)", hint: hint)
    }
    if secret.last == UInt8(ascii: "\n") { secret.removeLast() }
    if secret.last == UInt8(ascii: "\r") { secret.removeLast() }
    let prefix = Array("whsec_".utf8)
    if secret.starts(with: prefix) {
      guard let decoded = Data(base64Encoded: Data(secret.dropFirst(prefix.count))) else {
        throw refusal("what follows `whsec_` is no base64")
      }
      secret = Array(decoded)
    }
    guard !secret.isEmpty else { throw refusal("it is empty") }
    return secret
  }
}
