import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceHTTP

@Suite("Many and slow clients that follow events", .timeLimit(.minutes(3)), .serialized)
struct LiveLoadTests {
  @Test("200 clients are told everything while it happens, some of whom come again and again")
  func many() async throws {
    let stage = try await LiveStage()
    let total: Int64 = 1500
    try await TestServer.with(transitions: stage.store) { server in
      try await withThrowingTaskGroup(of: Bool.self) { group in
        for client in 0..<200 {
          group.addTask {
            var seen: [Int64] = []
            while seen.last ?? 1 < total {
              let follower = try await EventFollower(server, "?after=\(seen.last ?? 1)")
              // Every tenth leaves in the middle of it, wherever that is.
              let count = client % 10 == 0 ? 400 : Int(total)
              seen += try await follower.ids(min(count, Int(total - (seen.last ?? 1))))
            }
            return seen == Array(2...total)
          }
        }
        group.addTask {
          for batch in 0..<50 {
            let size = batch == 0 ? 19 : 30
            try await stage.store.commit((0..<size).map { .held(stage.job, $0 % 2 == 0) })
            await Task.yield()
          }
          try await stage.hold(times: 10)
          return true
        }
        for try await hasAll in group { #expect(hasAll) }
      }
    }
  }

  @Test("the 257th client is told that there are too many, until one of them goes")
  func tooMany() async throws {
    let stage = try await LiveStage()
    try await TestServer.with(transitions: stage.store) { server in
      var followers: [EventFollower] = []
      for _ in 0..<LiveFeed.mostListeners { followers.append(try await EventFollower(server)) }
      let reply = try await server.request("GET", "/v1/events/stream")
      #expect(reply.status == 503 && reply.text.contains("256 clients"))
      #expect(try await server.request("GET", "/v1/jobs").status == 200)
      followers.removeLast().client.goAway()
      while stage.store.live.listenerCount == LiveFeed.mostListeners {
        try await Task.sleep(for: .milliseconds(5))
      }
      followers.append(try await EventFollower(server))
    }
  }

  @Test("who takes nothing is dropped, costs nobody else anything, and misses nothing when it comes again")
  func slow() async throws {
    let stage = try await LiveStage()
    try await TestServer.with(
      transitions: stage.store,
      // On a busy machine also a quick client takes nothing for a while.
      configure: { ($0.heartbeat, $0.stallTime) = (.milliseconds(500), .seconds(5)) }
    ) { server in
      let slow = try await EventFollower(server)
      let quick = try await EventFollower(server)
      // More than the sockets and the runner's memory take.
      let total = 60_000
      async let seen = quick.ids(total)
      for _ in 0..<(total / 1000) {
        try await stage.store.commit((0..<1000).map { .held(stage.job, $0 % 2 == 0) })
      }
      #expect(try await seen == Array(2...Int64(total + 1)))
      while stage.store.live.listenerCount > 1 { try await Task.sleep(for: .milliseconds(5)) }
      #expect(server.log.all.contains { $0.contains("took none of them") })
      // What had come before it was dropped it still reads; then the connection is at its end.
      var last: Int64 = 1
      do {
        while let id = try await slow.ids(1).first {
          #expect(id == last + 1)
          last = id
        }
      } catch is SocketClient.Failure {
        // In the middle of a chunk.
      }
      #expect(last < Int64(total))
      let again = try await EventFollower(server, headers: ["Last-Event-ID: \(slow.lastID ?? "1")"])
      #expect(try await again.ids(total + 1 - Int(last)) == Array((last + 1)...Int64(total + 1)))
    }
  }
}
