import CMillrace
import CMillraceLinux
import Glibc
import MillraceCore

@testable import MillraceHostReaders
@testable import MillraceLinux

extension FuzzedParser {
  /// What `millrace-host` reads of the runner, of plugins and of a describing process.
  static let host = [
    FuzzedParser("payload") { bytes in try withExact(bytes) { try readWhole(try HostPayload($0)) } },
    FuzzedParser("outcome", longest: 2048) { bytes in try demandOutcome(bytes) },
    FuzzedParser("bundle-manifest") { bytes in
      let manifest = try BundleManifest(bytes)
      demand((1...60).contains(manifest.name.count), "a name has its bounds")
      demand((1...BundleManifest.maximumAttempts).contains(manifest.attempts.count), "there are attempts")
      demand(manifest.fence > manifest.beat && manifest.beat > 0, "the fence is behind the beat")
      demand(!manifest.needsCaps || manifest.memory > 0, "a cap is known")
      let files = manifest.attempts.map { $0.file("log") }
      demand(
        Set(files).count == files.count && !files.contains { $0.contains("/") }, "each has its own files")
      demand(manifest.attempts.allSatisfy { $0.plugin.count == 64 }, "plugins are known by their digests")
    },
    FuzzedParser("keeper-request", longest: 1500) { bytes in
      guard let first = bytes.first, bytes.count > 1 else { return }
      let given = try GivenDescriptors(Int(first % 10))
      try sockets.send(bytes.dropFirst(), given.numbers)
      for number in given.numbers { close(number) }
      guard packet.receive(from: sockets.end) > 0 else { return }
      for isForwarded in [false, true] {
        guard let start = StartRequest(packet, isForwarded: isForwarded) else { continue }
        demand(strlen(start.plugin) < Int(MILLRACE_PATH_SIZE), "the text ends")
        demand(strlen(start.directory) < Int(MILLRACE_PATH_SIZE), "the text ends")
        demand(start.identity.map { $0.uid != 0 && $0.gid != 0 } ?? true, "nobody is root")
        demand(start.maximumResult <= 1 << 40, "a result has a bound")
      }
      if let host = HostRequest(packet) {
        demand(strlen(host.plugin) < Int(MILLRACE_PATH_SIZE), "the text ends")
        demand(host.gate.map { $0.uid != 0 && $0.host_uid != 0 } ?? true, "nobody is root")
      }
      if let prepare = PrepareRequest(packet) {
        demand(strlen(prepare.handler) < Int(MILLRACE_NAME_SIZE), "the text ends")
        demand(strlen(prepare.key) < Int(MILLRACE_KEY_SIZE), "the text ends")
      }
      _ = packet.message(as: millrace_keeper_forget.self)
      packet.closeDescriptors()
      given.demandClosed()
    },
    FuzzedParser("plugin-report", longest: 1024) { bytes in
      guard let report, let text = report.text.baseAddress else { return }
      let shared = UnsafeMutableRawBufferPointer(start: text - headSize, count: headSize + report.text.count)
      shared.copyBytes(from: bytes + [UInt8](repeating: 0, count: max(0, headSize - bytes.count)))
      switch report.result {
      case .manifest(let manifest): demand(manifest.count <= report.text.count, "it is within its bound")
      case .refusal(let error): demand(error.message.utf8.count <= 3 * report.text.count, "so is it")
      case nil: break
      }
      _ = report.place
    },
    FuzzedParser("elf", longest: 256) { bytes in
      let file = try MemoryFile(bytes)
      try ELFHead.check("/proc/self/fd/\(file.descriptor.number)")
      demand(bytes.count >= 64 && bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46]), "it is an ELF file")
    },
    FuzzedParser("shared-object", longest: 4096) { bytes in
      let object = try SharedObject(Array(bytes))
      demand(object.needed.allSatisfy { !$0.utf8.contains(0) }, "texts end")
      demand(object.exported.count + object.wanted.count <= bytes.count / 24, "each symbol has its place")
    },
    FuzzedParser("json-text", longest: 512) { bytes in
      let text = Array(bytes.prefix { $0 != 0 })
      var target = [UInt8](repeating: 0, count: 4096)
      let writer = target.withUnsafeMutableBytes { buffer in
        var writer = JSONWriter(buffer)
        (text + [0]).withUnsafeBytes { writer.text($0.bindMemory(to: CChar.self).baseAddress) }
        return writer
      }
      let valid = String(validating: text, as: UTF8.self)
      demandEqual(writer.problem == nil, valid != nil, "what is UTF-8 is written")
      guard let valid else { return }
      let again = try PlacedJSON.tree(of: Array(target[..<writer.length])).json.string
      demandEqual(again.map { Array($0.utf8) }, Array(valid.utf8), "a text that is read again")
    },
  ]

  private typealias HostPayload = MillraceHostReaders.Payload
  private typealias HostOutcome = MillraceHostReaders.Outcome

  private static let headSize = 16
  // SAFETY: one parser has it, which one thread calls.
  nonisolated(unsafe) private static let report = accepted { try DescriptionReport() }
  // SAFETY: as above.
  nonisolated(unsafe) private static let packet = Packet()
  private static let sockets = PacketSockets()

  /// Hands on a copy of which AddressSanitizer knows both ends.
  private static func withExact(_ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
    defer { copy.deallocate() }
    copy.copyBytes(from: bytes)
    try body(UnsafeRawBufferPointer(copy))
  }

  private static func readWhole(_ payload: HostPayload) throws {
    let head = payload.head.pointee
    payload.forEachVariable { _ = strlen($0) }
    for text in [payload.handler, payload.traceParent, payload.affinity] { _ = text.map { strlen($0) } }
    if let parameters = payload.parameters { _ = strlen(parameters + Int(head.parameters_length)) }
    read(payload.input, head.input_length)
    read(payload.checkpoint, head.checkpoint_length)
    guard let outputs = payload.outputs() else { return }
    defer { outputs.deallocate() }
    for index in 0..<Int(head.output_count) {
      let output = outputs[index]
      _ = (strlen(output.name), strlen(output.media_type))
      read(output.bytes, UInt64(output.length))
    }
  }

  private static func read(_ bytes: UnsafePointer<UInt8>?, _ length: UInt64) {
    guard let bytes else { return demandEqual(length, 0, "what is not there has no bytes") }
    _ = UnsafeBufferPointer(start: bytes, count: Int(length)).reduce(0, ^)
  }

  /// What a process leaves in the file is what the runner finds there.
  private static func demandOutcome(_ bytes: [UInt8]) throws {
    let size = MemoryLayout<millrace_outcome>.size
    let room = size + 4096 + 2 * Int(MILLRACE_CHECKPOINT_SLOT)
    let file = try MemoryFile(bytes, room: max(0, room - bytes.count))
    var place: UnsafeMutableRawPointer?
    try check(millrace_map(file.descriptor.number, room, 1, &place), "map a file")
    defer { munmap(place, room) }
    let memory = UnsafeMutableRawBufferPointer(start: place, count: room)
    let outcome = try HostOutcome(memory, maximumResult: nil)
    let result = Array(bytes.suffix(outcome.maximumResult))
    result.withUnsafeBytes { outcome.setResult($0, mediaType: "text/plain") }
    bytes.withUnsafeBytes { outcome.saveCheckpoint($0) }
    outcome.finish(.done)
    let contents = OutcomeFile.read(file.descriptor, maxResult: Bytes(4096))
    demandEqual(contents.word, .done(JobResult(mediaType: "text/plain", bytes: result)), "a result")
    // The runner takes no generation of 0 for one.
    guard outcome.head.pointee.checkpoint_generation > 0 else { return }
    demandEqual(contents.checkpoint, bytes, "a checkpoint")
  }
}

/// Two ends of a connection for packets.
private struct PacketSockets: Sendable {
  let end: Int32
  private let other: Int32

  init() {
    var pair: [Int32] = [-1, -1]
    let kind = Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue)
    demand(socketpair(AF_UNIX, kind, 0, &pair) == 0, "there are sockets")
    (end, other) = (pair[0], pair[1])
  }

  func send(_ bytes: ArraySlice<UInt8>, _ descriptors: [Int32]) throws {
    let sent = bytes.withUnsafeBytes {
      millrace_send(other, $0.baseAddress, $0.count, descriptors, Int32(descriptors.count), 0)
    }
    try check(sent, "send a packet")
  }
}
