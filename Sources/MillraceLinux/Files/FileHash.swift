import Cnettle
import MillraceCore

/// SHA-256 (FIPS 180-4) with the processor's own instructions, over buffers: plugins may be large.
struct FileHash {
  private var context = sha256_ctx()

  init() { nettle_sha256_init(&context) }

  /// Adds bytes.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
    nettle_sha256_update(&context, bytes.count, start)
  }

  /// Returns the digest of all that was added in 64 hexadecimal digits; begins anew.
  mutating func hex() -> String {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_SIZE))
    nettle_sha256_digest(&context, digest.count, &digest)
    return digest.map(\.hexadecimal).joined()
  }
}
