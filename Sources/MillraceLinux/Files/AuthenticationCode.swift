import Cnettle

/// HMAC with SHA-256 (https://www.rfc-editor.org/rfc/rfc2104).
package enum AuthenticationCode {
  /// How many bytes a code has.
  package static let size = Int(SHA256_DIGEST_SIZE)

  /// Returns the code of a message.
  package static func code(of message: [UInt8], with key: [UInt8]) -> [UInt8] {
    var context = hmac_sha256_ctx()
    nettle_hmac_sha256_set_key(&context, key.count, key)
    nettle_hmac_sha256_update(&context, message.count, message)
    var code = [UInt8](repeating: 0, count: size)
    nettle_hmac_sha256_digest(&context, code.count, &code)
    return code
  }

  /// Whether two codes are the same; takes as long where they differ first as where they differ last.
  package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && nettle_memeql_sec(left, right, left.count) != 0
  }
}
