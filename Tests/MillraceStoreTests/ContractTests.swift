import Testing
import TestSupport

@testable import MillraceStore

@Suite("The contract of a job store")
struct ContractTests {
  @Test("the store in SQLite keeps it", arguments: JobStoreContract.clauses)
  func sqlite(clause: JobStoreContract) async throws {
    try await withStore { store, _ in try await clause.check(store) }
  }

  @Test("the store in memory keeps it", arguments: JobStoreContract.clauses)
  func memory(clause: JobStoreContract) async throws {
    try await clause.check(MemoryJobStore())
  }
}
