import FoundationEssentials
import Glibc
import TestSupport
import Testing

/// `openssl s_server` on a port of this machine, with a certificate that nobody has signed but itself, for
/// 127.0.0.1 only. It sends files as they are: whole answers.
final class TLSServer {
  private let directory: TemporaryDirectory
  private let child: Child
  private let port: Substring

  /// The certificate's file.
  var certificate: String { directory.path + "/certificate" }

  /// Returns the address of a file.
  func url(_ file: String, host: String = "127.0.0.1") -> String { "https://\(host):\(port)/\(file)" }

  /// Starts one that has these answers, by their names.
  init(_ answers: [String: String]) throws {
    directory = try TemporaryDirectory()
    for (name, text) in answers { try directory.write(name, text.utf8) }
    let made = try execute(
      [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", "key", "-out", "certificate", "-days", "2", "-subj", "/CN=test",
        "-addext", "subjectAltName=IP:127.0.0.1",
      ], in: directory.path)
    guard made.status == 0 else { throw TestFailure("no certificate: \(made.output)") }
    let serve = "cd \(directory.path) && exec openssl s_server -HTTP -accept 127.0.0.1:0 -key key"
    child = try Child(
      ["sh", "-c", "\(serve) -cert certificate >&3"], output: directory.path + "/output", channel: true)
    var place: Substring?
    while place == nil, let line = child.nextLine() {
      let text = String(decoding: line, as: UTF8.self)
      if text.hasPrefix("ACCEPT ") { place = text.split(separator: ":").last }
    }
    guard let place else {
      let words = try String(contentsOfFile: directory.path + "/output")
      throw TestFailure("openssl does not serve: \(words)")
    }
    port = place
  }

  deinit {
    child.signalGroup(SIGKILL)
    _ = child.wait()
  }
}
