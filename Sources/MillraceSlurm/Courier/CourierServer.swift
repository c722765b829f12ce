import CMillraceLinux
import Glibc
package import Logging
import MillraceLinux
import Synchronization

/// The runner's end for nodes that share no file system with it: it serves to each what its own bundle needs,
/// and takes what its host writes (`millrace_courier.h`). A thread for each connection, of which there is one
/// for each bundle.
package final class CourierServer: Sendable {
  /// The port that it listens on.
  package let port: UInt16
  private let listener: Int32
  private let spool: String
  private let secret: @Sendable (String) -> [UInt8]?
  private let log: Logger
  private let state = Mutex(State())

  private struct State {
    var isStopped = false
    /// The sockets of all connections.
    var open: Set<Int32> = []
    /// Those that have not shown yet that they know a secret, the oldest first.
    var strange: [Int32] = []
    var bundles: [String: Int32] = [:]
    /// What was complained of already.
    var complaints: Set<String> = []
  }

  /// How many connections there may be at once, and how many of them may be those of strangers.
  private static let maximumOpen = 1024
  private static let maximumStrange = 64
  /// How many complaints are remembered; what comes then is not told.
  private static let maximumComplaints = 256
  /// How long a node has to show that it knows its secret.
  private static let handshake: Duration = .seconds(10)
  /// How often a connection looks for what its node is to be told, in ms.
  private static let lookMilliseconds: Int32 = 500

  /// Listens, and serves from now on.
  ///
  /// - Parameters:
  ///   - listen: `HOST:PORT`, or `:PORT` for all addresses; port 0 for any.
  ///   - spool: its directory.
  ///   - secret: the secret of a bundle, 32 bytes; nil for a bundle that no node is to ask for.
  ///   - log: where it says what is amiss.
  /// - Throws: `LinuxError` if it can't listen there.
  package init(
    listen: String, spool: String, secret: @escaping @Sendable (String) -> [UInt8]?, log: Logger
  ) throws {
    guard let colon = listen.lastIndex(of: ":") else {
      throw LinuxError("listen at `\(listen)`", .malformed("it is no HOST:PORT"))
    }
    var host = listen[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    let port = String(listen[listen.index(after: colon)...])
    let result =
      host.isEmpty ? millrace_listen_tcp(nil, port, 128) : millrace_listen_tcp(String(host), port, 128)
    guard result >= 0 else { throw LinuxError("listen at `\(listen)`", .kernel(-result)) }
    listener = result
    self.port = UInt16(clamping: millrace_tcp_port(result))
    self.spool = spool
    self.secret = secret
    self.log = log
    do { try startThread(ofThe: "courier") { [self] in accept() } } catch {
      close(listener)
      throw error
    }
  }

  /// Ends all connections, and takes no more.
  package func stop() {
    state.withLock { state in
      guard !state.isStopped else { return }
      state.isStopped = true
      shutdown(listener, Int32(SHUT_RDWR))
      for socket in state.open { shutdown(socket, Int32(SHUT_RDWR)) }
    }
  }

  private func accept() {
    defer { close(listener) }
    while !state.withLock(\.isStopped) {
      let socket = millrace_accept(listener, 1)
      if socket < 0 {
        if state.withLock(\.isStopped) { return }
        // No descriptors, or a connection that was gone at once: others may go meanwhile.
        if socket != -ECONNABORTED { usleep(100_000) }
        continue
      }
      millrace_set_lively(socket)
      let isWelcome = state.withLock { state in
        guard !state.isStopped, state.open.count < Self.maximumOpen else { return false }
        // Whoever has been silent for longest makes room, so that strangers keep no node out.
        if state.strange.count == Self.maximumStrange {
          shutdown(state.strange.removeFirst(), Int32(SHUT_RDWR))
        }
        state.open.insert(socket)
        state.strange.append(socket)
        return true
      }
      guard isWelcome else {
        close(socket)
        continue
      }
      do { try startThread(ofThe: "courier") { [self] in serve(socket) } } catch {
        complain("no thread", "node not served", ["error": "\(error)"])
        forget(socket)
        close(socket)
      }
    }
  }

  private func forget(_ socket: Int32) {
    state.withLock { state in
      state.open.remove(socket)
      state.strange.removeAll { $0 == socket }
      for (bundle, owner) in state.bundles where owner == socket { state.bundles[bundle] = nil }
    }
  }

  /// Says something once.
  private func complain(_ key: String, _ message: Logger.Message, _ metadata: Logger.Metadata) {
    let isNew = state.withLock { state in
      state.complaints.count < Self.maximumComplaints && state.complaints.insert(key).inserted
    }
    if isNew { log.warning(message, metadata: metadata) }
  }

  // MARK: A connection

  private func serve(_ socket: Int32) {
    // It closes the socket, whose number is forgotten before it can be another's.
    let stream = CourierStream(socket: socket)
    defer { withExtendedLifetime(stream) { forget(socket) } }
    let deadline = ContinuousClock.now + Self.handshake
    var bundle = ""
    do {
      let greeting = try stream.greet(by: deadline, secret)
      bundle = greeting.bundle
      guard greeting.isKnown else {
        return complain("unknown", "node asks for a bundle that is not known", ["bundle": "\(bundle)"])
      }
      var frame = try stream.receive(by: deadline)
      admit(socket, bundle)
      let files = try CourierFiles(spool: spool, bundle: bundle)
      while true {
        try answer(frame, files, stream)
        while try !stream.hasFrame(within: Self.lookMilliseconds) { try tell(files, stream) }
        try tell(files, stream)
        frame = try stream.receive()
      }
    } catch CourierStream.Fault.unauthentic {
      complain("code \(bundle)", "node does not know its bundle's secret", ["bundle": "\(bundle)"])
    } catch CourierStream.Fault.malformed {
      complain("form \(bundle)", "node does not speak as it should", ["bundle": "\(bundle)"])
    } catch let refusal as CourierFiles.Refusal {
      complain("files \(bundle)", "node refused", ["bundle": "\(bundle)", "reason": "\(refusal.reason)"])
    } catch {
      // It has gone, or was too slow: it comes again.
    }
  }

  /// A node has shown that it knows the secret: it takes the place of an older connection, which may be dead
  /// without anybody having noticed.
  private func admit(_ socket: Int32, _ bundle: String) {
    state.withLock { state in
      state.strange.removeAll { $0 == socket }
      if let former = state.bundles[bundle] { shutdown(former, Int32(SHUT_RDWR)) }
      state.bundles[bundle] = socket
    }
  }

  private func tell(_ files: CourierFiles, _ stream: CourierStream) throws {
    for name in files.news() { try stream.send(MILLRACE_COURIER_NEWS, Array(name.file.utf8)) }
  }

  private func answer(_ frame: CourierStream.Frame, _ files: CourierFiles, _ stream: CourierStream) throws {
    do {
      guard let request = CourierRequest(frame) else { throw CourierStream.Fault.malformed }
      switch request {
      case .get(let name, let offset): try give(name, from: offset, files, stream)
      case .put(let name, let offset, let bytes):
        try files.put(name, at: offset, bytes)
        try stream.send(MILLRACE_COURIER_ACK)
      case .replace(let name, let offset, let bytes, let isLast):
        let isIt = try files.replace(name, at: offset, bytes, isLast: isLast)
        try stream.send(isIt ? MILLRACE_COURIER_ACK : MILLRACE_COURIER_TAKEN)
      case .sync(let name):
        try files.sync(name)
        try stream.send(MILLRACE_COURIER_ACK)
      case .unknown: throw CourierFiles.Refusal("it is no name of a file that crosses")
      }
    } catch let refusal as CourierFiles.Refusal {
      try stream.send(MILLRACE_COURIER_REFUSED, Array(refusal.reason.utf8))
    }
  }

  private func give(
    _ name: CourierName, from first: Int, _ files: CourierFiles, _ stream: CourierStream
  ) throws {
    guard let file = try files.open(name) else { return try stream.send(MILLRACE_COURIER_NONE) }
    defer { close(file) }
    var offset = first
    while true {
      let bytes = CourierFiles.read(file, from: offset)
      if bytes.isEmpty { return try stream.send(MILLRACE_COURIER_END) }
      try stream.send(MILLRACE_COURIER_DATA, bytes)
      offset += bytes.count
    }
  }
}
