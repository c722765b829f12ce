import Foundation
import Synchronization

extension Pipe {
  /// Returns what is written to the pipe, line by line; it goes on being read when nobody asks any more.
  func lines() -> AsyncStream<String> {
    let (lines, continuation) = AsyncStream<String>.makeStream()
    let rest = Mutex(Data())
    fileHandleForReading.readabilityHandler = { handle in
      let data = handle.availableData
      guard !data.isEmpty else {
        handle.readabilityHandler = nil
        return continuation.finish()
      }
      rest.withLock { rest in
        rest += data
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
          continuation.yield(String(decoding: rest[..<end], as: UTF8.self))
          rest = Data(rest[(end + 1)...])
        }
      }
    }
    return lines
  }
}
