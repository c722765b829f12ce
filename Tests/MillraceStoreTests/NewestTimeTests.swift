import MillraceCore
import MillraceEngine
import TestSupport
import Testing

@testable import MillraceStore

@Suite("The newest time on record")
struct NewestTimeTests {
  @Test("is that of the last submission or start; an empty record has none")
  func newest() async throws {
    let directory = try TemporaryDirectory()
    let store = try SQLiteJobStore(opening: directory.path + "/jobs.db")
    #expect(try await store.newestTime() == nil)
    let id = try await store.submit([Sample.plain()], at: Sample.time(5))[0]
    #expect(try await store.newestTime() == Sample.time(5))
    try await store.commit([.starting(Sample.attempt(id, at: 10))])
    #expect(try await store.newestTime() == Sample.time(11))
    _ = try await store.submit([Sample.plain()], at: Sample.time(30))
    #expect(try await store.newestTime() == Sample.time(30))
  }
}
