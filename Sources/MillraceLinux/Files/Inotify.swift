import CMillraceLinux
import Glibc

/// An instance of inotify(7): reading it does not block.
struct Inotify: ~Copyable, Sendable {
  private let descriptor: Descriptor

  /// Its number, to be waited for.
  var number: Int32 { descriptor.number }

  /// What the kernel tells of a directory.
  struct Event {
    /// The watch that it belongs to; -1 if events were lost.
    var watch: Int32
    /// The bits: `IN_CLOSE_WRITE` and others.
    var mask: UInt32
    /// The name in the directory; empty if it is about the directory itself.
    var name: FileName

    func has(_ bits: Int32) -> Bool { mask & UInt32(bits) != 0 }
  }

  /// Watches nothing yet.
  /// - Throws: `LinuxError`, as when the user has too many of them.
  init() throws {
    let number = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
    guard number >= 0 else {
      throw LinuxError(
        "watch files", .kernel(errno),
        hint: errno == EMFILE ? "`sysctl fs.inotify.max_user_instances` bounds them" : nil)
    }
    descriptor = Descriptor(owning: number)
  }

  /// Gives the number away; the caller closes it.
  consuming func release() -> Int32 { descriptor.release() }

  /// Reads what has come.
  ///
  /// - Parameter buffer: room for one event at least: 272 bytes.
  /// - Returns: nothing if nothing has come.
  /// - Throws: `LinuxError`.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> [Event] {
    var count = Glibc.read(number, buffer.baseAddress, buffer.count)
    while count < 0, errno == EINTR { count = Glibc.read(number, buffer.baseAddress, buffer.count) }
    guard count > 0 else {
      if count < 0, errno != EAGAIN { throw LinuxError("read what has changed", .kernel(errno)) }
      return []
    }
    var events: [Event] = []
    var offset = 0
    let head = MemoryLayout<inotify_event>.size
    while offset + head <= count {
      let event = buffer.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
      let name = buffer[(offset + head)..<(offset + head + Int(event.len))].prefix { $0 != 0 }
      events.append(Event(watch: event.wd, mask: event.mask, name: FileName(bytes: Array(name))))
      offset += head + Int(event.len)
    }
    return events
  }
}
