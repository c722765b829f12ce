import CMillraceLinux

/// What a node asks for, as its frame says it.
enum CourierRequest: Equatable {
  case get(CourierName, Int)
  case put(CourierName, Int, ArraySlice<UInt8>)
  case replace(CourierName, Int, ArraySlice<UInt8>, isLast: Bool)
  case sync(CourierName)
  /// A name of nothing that crosses.
  case unknown

  /// Reads a frame; nil if it is malformed.
  init?(_ frame: CourierStream.Frame) {
    var rest = frame.body[...]
    guard let length = rest.popFirst(), rest.count >= Int(length) else { return nil }
    let text = rest.prefix(Int(length))
    rest = rest.dropFirst(Int(length))
    let name = CourierName(String(decoding: text, as: UTF8.self))
    switch frame.type {
    case MILLRACE_COURIER_SYNC:
      guard rest.isEmpty else { return nil }
      self = name.map { .sync($0) } ?? .unknown
    case MILLRACE_COURIER_GET:
      guard let offset = Self.offset(&rest), rest.isEmpty else { return nil }
      self = name.map { .get($0, offset) } ?? .unknown
    case MILLRACE_COURIER_PUT:
      guard let offset = Self.offset(&rest) else { return nil }
      self = name.map { .put($0, offset, rest) } ?? .unknown
    case MILLRACE_COURIER_REPLACE:
      guard let offset = Self.offset(&rest), let flags = rest.popFirst(),
        flags <= UInt8(MILLRACE_COURIER_LAST)
      else { return nil }
      self =
        name.map { .replace($0, offset, rest, isLast: flags == UInt8(MILLRACE_COURIER_LAST)) } ?? .unknown
    default: return nil
    }
  }

  private static func offset(_ rest: inout ArraySlice<UInt8>) -> Int? {
    guard rest.count >= 8 else { return nil }
    let number = rest.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    rest = rest.dropFirst(8)
    // Far beyond any file, and far from where sums overflow.
    return number < 1 << 48 ? Int(number) : nil
  }
}
