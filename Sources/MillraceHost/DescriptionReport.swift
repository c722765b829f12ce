import CMillraceLinux
import CMillraceLinux.Libc

/// What a throw-away process says to its parent, in memory that both have mapped. The parent believes nothing
/// of it beyond its own bounds.
struct DescriptionReport {
  /// Where a manifest, or a refusal and its hint, stands.
  let text: UnsafeMutableRawBufferPointer
  private let head: UnsafeMutablePointer<Head>

  private struct Head {
    var step: UInt32 = 0
    var state: UInt32 = 0
    var length: UInt32 = 0
    var hintLength: UInt32 = 0
  }

  /// What the process came to.
  enum Result {
    case manifest(UnsafeRawBufferPointer)
    case refusal(HostError)
  }

  private static let manifestState: UInt32 = 1
  private static let refusalState: UInt32 = 2

  init() throws(HostError) {
    let headSize = MemoryLayout<Head>.stride
    var place: UnsafeMutableRawPointer?
    try check(
      millrace_map_shared(headSize + Manifest.maximumSize, &place), "cannot map memory",
      hint: "close other programs")
    guard let place else { throw HostError("cannot map memory", hint: "close other programs") }
    head = place.bindMemory(to: Head.self, capacity: 1)
    text = UnsafeMutableRawBufferPointer(start: place + headSize, count: Manifest.maximumSize)
  }

  /// Notes what the process does next.
  func note(_ step: PluginLibrary.Step) { head.pointee.step = step.rawValue }

  /// Says that the manifest stands in `text`.
  func manifest(length: Int) {
    head.pointee.length = UInt32(length)
    head.pointee.state = DescriptionReport.manifestState
  }

  /// Says why the plugin can't be used.
  func refuse(_ error: HostError) {
    head.pointee.length = UInt32(put(error.message, at: 0))
    head.pointee.hintLength = UInt32(put(error.hint, at: Int(head.pointee.length)))
    head.pointee.state = DescriptionReport.refusalState
  }

  /// What the process said; nil if it came to no end.
  var result: Result? {
    let said = head.pointee
    let length = Int(said.length)
    guard length <= text.count, Int(said.hintLength) <= text.count - length else { return nil }
    switch said.state {
    case DescriptionReport.manifestState:
      return .manifest(UnsafeRawBufferPointer(rebasing: text[..<length]))
    case DescriptionReport.refusalState:
      let message = String(decoding: text[..<length], as: UTF8.self)
      let hint = String(decoding: text[length..<length + Int(said.hintLength)], as: UTF8.self)
      return .refusal(HostError(message, hint: hint))
    default: return nil
    }
  }

  /// What the process was doing last, as the end of a sentence.
  var place: String {
    switch PluginLibrary.Step(rawValue: head.pointee.step) {
    case .load: "while it was loaded"
    case .describe: "in `millrace_plugin_describe`"
    case .read: "while its description was read"
    case nil: "before it was loaded"
    }
  }

  private func put(_ words: String, at offset: Int) -> Int {
    var words = words
    return words.withUTF8 { bytes in
      let length = min(bytes.count, text.count - offset)
      UnsafeMutableRawBufferPointer(rebasing: text[offset...])
        .copyMemory(from: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<length]))
      return length
    }
  }
}
