import MillraceClient
import Testing

@Suite("Reading server-sent events")
struct ServerSentEventReaderTests {
  private func events(_ text: String) throws -> [ServerSentEvent] {
    var reader = ServerSentEventReader()
    var events: [ServerSentEvent] = []
    try reader.feed(Array(text.utf8)) { events.append($0) }
    return events
  }

  @Test("a mark that joins what is before it takes no colon and no blank away")
  func marks() throws {
    #expect(try events("data: \u{301}a\n\n") == [ServerSentEvent(data: "\u{301}a")])
    #expect(try events("data:\u{301}a\n\n") == [ServerSentEvent(data: "\u{301}a")])
    #expect(try events("event: \u{301}\ndata: a\n\n") == [ServerSentEvent(name: "\u{301}", data: "a")])
  }

  @Test("one blank behind the colon does not count, and lines of data are joined")
  func lines() throws {
    let both = try events(": words\nevent: x\r\ndata:  a\r\ndata:b\n\ndata\n\ndata:\n\n")
    #expect(both == [ServerSentEvent(name: "x", data: " a\nb"), ServerSentEvent(data: "")])
  }
}
