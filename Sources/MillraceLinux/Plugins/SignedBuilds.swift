import Glibc
import MillraceCore

/// Knows which builds are signed by somebody who may sign now: what it knows ends when the list changes.
///
/// The signature of a build that was accepted is kept beside its copy, for the file in the plugin directory
/// belongs to the build that lies there.
actor SignedBuilds {
  private let signatures: BuildSignatures
  private let builds: String
  /// The list by which the answers hold; nil if there was none.
  private var list: PluginFile.Mark?
  /// Whether builds count, by SHA-256.
  private var answers: [String: Bool] = [:]

  /// Checks by a list of signers (ssh-keygen(1)) the builds in a directory.
  init(_ allowedSigners: String, in builds: String) {
    signatures = BuildSignatures(allowedSigners: allowedSigners)
    self.builds = builds
  }

  private func copy(of sha256: String) -> String { "\(builds)/\(sha256).so" }

  /// Returns who has signed the build that lies in the plugin directory, and keeps the signature.
  ///
  /// The signature beside the file may be that of the build that comes next: then the kept one counts.
  /// - Throws: as `BuildSignatures.signer`.
  func signer(of sha256: String, signature: String) async throws -> String {
    let list = PluginFile.mark(at: signatures.allowedSigners)
    let copy = copy(of: sha256)
    var signer: String
    do {
      signer = try await signatures.signer(of: copy, signature: signature)
      try signatures.keep(signature, beside: copy)
    } catch let refusal {
      let kept = copy + BuildSignatures.suffix
      guard access(kept, F_OK) == 0 else { throw refusal }
      do { signer = try await signatures.signer(of: copy, signature: kept) } catch {
        // If neither will do, what lies beside the file is what its owner knows.
        throw Self.isForbidden(error) ? refusal : error
      }
    }
    remember(sha256, true, by: list)
    return signer
  }

  /// Whether a build that was accepted, now or earlier, counts as signed; nil as long as that can't be told.
  func isSigned(_ build: Build) async -> Bool? {
    guard build.signer != nil else { return false }
    let list = PluginFile.mark(at: signatures.allowedSigners)
    if list == self.list, let answer = answers[build.sha256] { return answer }
    do {
      let copy = copy(of: build.sha256)
      _ = try await signatures.signer(of: copy, signature: copy + BuildSignatures.suffix)
      remember(build.sha256, true, by: list)
      return true
    } catch {
      guard Self.isForbidden(error) else { return nil }
      remember(build.sha256, false, by: list)
      return false
    }
  }

  private static func isForbidden(_ error: any Error) -> Bool {
    if case .forbidden? = (error as? LinuxError)?.reason { true } else { false }
  }

  private func remember(_ sha256: String, _ answer: Bool, by list: PluginFile.Mark?) {
    if list != self.list { answers = [:] }
    self.list = list
    answers[sha256] = answer
  }
}
