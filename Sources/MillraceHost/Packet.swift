import CMillraceLinux
import CMillraceLinux.Libc

/// The packet that was received last, and its descriptors. Made once and used again: the way from a request
/// to its process allocates nothing.
final class Packet {
  let bytes: UnsafeMutableRawPointer
  let descriptors: UnsafeMutablePointer<Int32>
  /// The packet's length, which is more than `capacity` if it was cut.
  private(set) var length = 0
  /// How many descriptors came with it; -1 if some were lost.
  private(set) var descriptorCount: Int32 = 0

  private static let capacity = Int(MILLRACE_PACKET_SIZE)

  private static let page = 4096

  init() {
    // In one page: of what is written between two forks, each page is copied.
    bytes = .allocate(byteCount: Packet.page, alignment: Packet.page)
    descriptors = (bytes + Packet.capacity).bindMemory(
      to: Int32.self, capacity: Int(MILLRACE_PACKET_DESCRIPTORS))
  }

  /// Receives a packet. Returns its length, 0 at the end of the connection, or a negative errno. The
  /// descriptors of the one before are closed, but for those that were kept.
  func receive(from socket: Int32) -> Int {
    closeDescriptors()
    memset(bytes, 0, Packet.capacity)
    descriptorCount = MILLRACE_PACKET_DESCRIPTORS
    let result = Int(millrace_receive(socket, bytes, Packet.capacity, descriptors, &descriptorCount, 0))
    length = max(0, result)
    return result
  }

  /// The packet's type; 0 if it is too short to have one.
  var type: UInt32 { length >= 4 ? bytes.load(as: UInt32.self) : 0 }

  /// The packet as a `Message`, or nil if its length is another.
  func message<Message>(as type: Message.Type) -> Message? {
    length == MemoryLayout<Message>.size ? bytes.load(as: Message.self) : nil
  }

  /// Makes a descriptor another's: it is not closed with the packet.
  func keep(_ index: Int) { descriptors[index] = -1 }

  /// Closes what was not kept.
  func closeDescriptors() {
    for index in 0..<max(0, Int(descriptorCount)) where descriptors[index] >= 0 { close(descriptors[index]) }
    descriptorCount = 0
  }
}
