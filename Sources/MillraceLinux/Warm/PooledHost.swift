import MillraceCore

/// A warm host as the pool knows it: a state machine.
struct PooledHost {
  let number: UInt32
  let plugin: Plugin
  /// Which of the hosts' uids it has, from 0; no other host has it at the same time.
  let slot: Int
  let skipsWarmUp: Bool
  private var phase: Phase
  /// What it is prepared for, or soon will be.
  var binding: WarmPool.Binding?
  /// Attempts that it was asked for and has not told of.
  var asked = 0
  /// Attempts that wait until it can be asked.
  var waiting = 0
  /// Attempts that it has started.
  private(set) var started = 0
  /// When it was last needed, monotonic in ms.
  var lastUse: Int64
  /// What it took to get it warm: what a start without it would take.
  private(set) var cost: Duration = .zero
  private var forks: [Duration] = []

  /// What a host is made for: another build, user, bound of memory or environment needs another
  /// host.
  struct Make: Hashable {
    private let sha256: String
    private let user: JobUser?
    private let memory: Bytes?
    private let environment: [String: String]

    init(_ plugin: Plugin) {
      (sha256, user, memory) = (plugin.sha256, plugin.user, plugin.warmMemory)
      environment = plugin.environment
    }
  }

  /// What it is made for.
  var make: Make { Make(plugin) }

  private enum Phase {
    case warming(until: Int64)
    case ready
    case preparing(until: Int64)
    case closing(until: Int64)
  }

  init(
    number: UInt32, plugin: Plugin, slot: Int, skipsWarmUp: Bool, binding: WarmPool.Binding?,
    deadline: Int64, at now: Int64
  ) {
    self.number = number
    self.plugin = plugin
    self.slot = slot
    self.skipsWarmUp = skipsWarmUp
    self.binding = binding
    phase = .warming(until: deadline)
    waiting = 1
    lastUse = now
  }

  var isWarming: Bool { if case .warming = phase { true } else { false } }
  var isClosing: Bool { if case .closing = phase { true } else { false } }
  var canFork: Bool { if case .ready = phase { true } else { false } }

  /// Whether nobody needs it now.
  var isFree: Bool { canFork && asked == 0 && waiting == 0 }

  /// Until when it must have done what it was asked for, monotonic in ms; nil if that is nothing.
  var deadline: Int64? {
    switch phase {
    case .warming(let time), .preparing(let time), .closing(let time): time
    case .ready: nil
    }
  }

  /// What it does, in a word.
  var state: String {
    switch phase {
    case .warming: "warming"
    case .ready: "ready"
    case .preparing: "preparing"
    case .closing: "closing"
    }
  }

  mutating func warmed(cost: Duration) {
    self.cost = cost
    phase = .ready
  }

  mutating func prepare(for binding: WarmPool.Binding, until deadline: Int64, at now: Int64) {
    self.binding = binding
    phase = .preparing(until: deadline)
    lastUse = now
  }

  mutating func prepared() { if case .preparing = phase { phase = .ready } }

  /// It starts nothing more, and has a while to end by itself.
  mutating func close(at now: Int64) { if !isClosing { phase = .closing(until: now + Self.closingTime) } }

  private static let closingTime: Int64 = 5000

  /// It was late and is killed: its end is waited for as long as it takes.
  mutating func killed() { phase = .closing(until: .max) }

  /// How many forks are looked back at, and must be known before one judges by them.
  static let window = 15

  mutating func note(fork: Duration) {
    started += 1
    // A fork whose time is not known was found by its leaf.
    guard fork > .zero else { return }
    if forks.count == Self.window { forks.removeFirst() }
    forks.append(fork)
  }

  /// The processor time of a fork of it; zero while none is known.
  var medianFork: Duration { forks.isEmpty ? .zero : forks.sorted()[forks.count / 2] }

  /// The least that a fork of it costs.
  var leastFork: Duration { forks.min() ?? .zero }

  /// Whether its forks cost more than a start without it would take.
  var isTooSlow: Bool { forks.count == Self.window && leastFork > cost }
}
