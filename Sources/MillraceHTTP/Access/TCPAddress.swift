/// Where a server listens for TCP: of this machine only, unless it is told otherwise.
package struct TCPAddress: Sendable, Hashable {
  /// A numeric address, without brackets.
  package var host: String
  /// 0 for any that is free.
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `127.0.0.1:8274` or `[::1]:8274`; nil if it is neither.
  package init?(text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (0...65_535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.contains(":") else { return nil }
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
  }

  /// Whether only this machine can connect to it.
  package var isLoopback: Bool { host == "::1" || host.hasPrefix("127.") }
}
