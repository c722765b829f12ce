import CMillraceLinux
import Glibc

/// Checks who has signed builds, by `ssh-keygen -Y` (ssh-keygen(1), SIGNATURES).
struct BuildSignatures: Sendable {
  /// The file that says who may sign.
  let allowedSigners: String

  /// What the name of a plugin's file and that of its signature differ in.
  static let suffix = ".sig"
  /// What signatures of plugins are for: one that was made for something else does not count.
  static let namespace = "millrace-plugin"
  /// Copies the signature of a build to its copy, so that it can be checked again when the list has changed.
  /// - Throws: `LinuxError`, also if there is no signature that may be used.
  func keep(_ signature: String, beside build: String) throws {
    guard let bytes = try TrustedFiles.bytes(of: signature, "the signature", atMost: Self.bound) else {
      throw LinuxError("keep a signature", .missing("there is no `\(signature)`"))
    }
    let (place, new) = (build + Self.suffix, build + Self.suffix + ".new")
    unlink(new)
    let copy = try Descriptor(opening: new, flags: O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    try bytes.withUnsafeBytes { try copy.write($0, new) }
    try checkErrno(rename(new, place), "keep a copy of `\(signature)`")
  }

  private static let program = Program(path: "/usr/bin/ssh-keygen", patience: 10_000)
  /// More is no signature, and no list of signers.
  private static let bound = 1 << 20

  /// Returns who has signed a build: its library or, if files belong to it, the list of all (`SignedText`).
  ///
  /// - Parameters:
  ///   - build: the path of its copy.
  ///   - signature: the path of the signature.
  /// - Returns: the name that the list has for the key.
  /// - Throws: `LinuxError` (`forbidden`) if nobody has who may; another one if that can't be told now.
  func signer(of build: String, signature: String) async throws -> String {
    try await withCheckedThrowingContinuation { answer in
      do {
        try startThread(ofThe: "signatures") {
          answer.resume(with: Result { try verified(build, signature) })
        }
      } catch {
        answer.resume(throwing: error)
      }
    }
  }

  private func verified(_ build: String, _ signature: String) throws -> String {
    let name = signature.split(separator: "/").last.map(String.init) ?? signature
    guard let signed = try TrustedFiles.bytes(of: signature, "the signature", atMost: Self.bound) else {
      throw LinuxError("use a plugin", .forbidden("it is not signed: there is no `\(name)` beside it"))
    }
    guard let signers = try TrustedFiles.bytes(of: allowedSigners, "the signers in", atMost: Self.bound)
    else { throw LinuxError("check a signature", .missing("there is no `\(allowedSigners)`")) }
    let list = try SignedText.list(of: build)
    let signatureFile = try Self.memory(signed)
    let signersFile = try Self.memory(signers)
    func run(_ words: [String], on input: borrowing Descriptor) throws -> Program.Run {
      try Self.program.run(
        ["-Y"] + words, input: input.number, files: [signatureFile.number, signersFile.number])
    }
    guard access(Self.program.path, X_OK) == 0 else {
      throw LinuxError(
        "check a signature", .missing("there is no `\(Self.program.path)`"), hint: "install openssh-client")
    }
    let nothing = try Self.memory([])
    let found = try run(["find-principals", "-s", "/dev/fd/3", "-f", "/dev/fd/4"], on: nothing)
    guard found.status == 0, let signer = found.output.split(separator: "\n").first.map(String.init) else {
      throw LinuxError(
        "use a plugin", .forbidden("`\(name)` is no signature of anybody who may sign plugins"))
    }
    let answer = try run(
      ["verify", "-f", "/dev/fd/4", "-I", signer, "-n", Self.namespace, "-s", "/dev/fd/3"],
      on: try list.map { try Self.memory(Array($0.utf8)) } ?? Descriptor(opening: build, flags: O_RDONLY))
    guard answer.status == 0 else {
      let files = list == nil ? "" : " and its files (`millrace plugin checksums` prints what to sign)"
      throw LinuxError(
        "use a plugin",
        .forbidden(
          "`\(name)` of `\(signer)` does not fit it\(files): \(Self.lastLine(answer.output + answer.errors))"
        ))
    }
    return signer
  }

  private static func lastLine(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).last.map(String.init) ?? "no reason is given"
  }

  private static func memory(_ bytes: [UInt8]) throws -> Descriptor {
    let file = Descriptor(owning: try check(millrace_memfd_create("signature"), "make a file"))
    try bytes.withUnsafeBytes { try file.write($0, "a file in memory") }
    lseek(file.number, 0, SEEK_SET)
    return file
  }
}
