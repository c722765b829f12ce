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

  @Test("so does the store in SQLite as the one sees it who keeps it", arguments: RecordStoreContract.clauses)
  func sqlite(clause: RecordStoreContract) async throws {
    try await withStore { store, _ in try await clause.check(store) }
  }

  @Test("and the store in memory", arguments: RecordStoreContract.clauses)
  func memory(clause: RecordStoreContract) async throws { try await clause.check(MemoryJobStore()) }

  @Test("the store in SQLite keeps that of schedules", arguments: ScheduleStoreContract.clauses)
  func sqlite(clause: ScheduleStoreContract) async throws {
    try await withStore { store, _ in try await clause.check(store) }
  }

  @Test("and the store in memory, too", arguments: ScheduleStoreContract.clauses)
  func memory(clause: ScheduleStoreContract) async throws { try await clause.check(MemoryJobStore()) }

  @Test("the store in SQLite keeps that of events", arguments: EventStoreContract.clauses)
  func sqlite(clause: EventStoreContract) async throws {
    try await withStore { store, _ in try await clause.check(store) }
  }

  @Test("and so does the store in memory", arguments: EventStoreContract.clauses)
  func memory(clause: EventStoreContract) async throws { try await clause.check(MemoryJobStore()) }

  @Test("the store in SQLite keeps that of transitions", arguments: TransitionStoreContract.clauses)
  func sqlite(clause: TransitionStoreContract) async throws {
    try await withStore { store, _ in try await clause.check(store) }
  }

  @Test("as does the store in memory", arguments: TransitionStoreContract.clauses)
  func memory(clause: TransitionStoreContract) async throws { try await clause.check(MemoryJobStore()) }
}
