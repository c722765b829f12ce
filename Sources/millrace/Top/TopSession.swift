import Glibc
import MillraceClient
import MillraceCore
import MillraceWire

/// `top` on a terminal: keys, signals and the clock in, pictures out, until somebody ends it.
struct TopSession {
  /// How long the runner may be silent: the keys wait for it.
  private static let patience = Duration.seconds(5)
  /// How long to wait for the rest of a key's bytes.
  private static let keyGap = Duration.milliseconds(100)
  /// How many jobs of the queue are asked for if they are filtered; the API gives no more.
  static let queueBound = 500

  private let client: Client
  /// Gives up what it asks when a signal comes.
  private let hasty: Client
  private let interval: Duration
  private let signals: Interrupts
  private let screen: TerminalScreen
  private let paint: Paint
  private var state: TopState
  private var decoder = KeyDecoder()
  private var nextLook = ContinuousClock.now

  /// A signal came while the runner was asked.
  private struct Interrupted: Error {}

  /// Takes the terminal over; `run` gives it back.
  init(_ client: Client, _ state: TopState, interval: Duration) throws {
    var patient = client
    patient.patience = Self.patience
    self.client = patient
    self.state = state
    self.interval = interval
    signals = try Interrupts([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT, SIGWINCH])
    var hasty = patient
    hasty.interruption = Interruption(descriptor: signals.descriptor) { throw Interrupted() }
    self.hasty = hasty
    paint = .standardOutput
    screen = try TerminalScreen()
    nextLook = .now + interval
  }

  /// Returns when somebody ends it.
  mutating func run() throws {
    defer { screen.close() }
    do {
      while true {
        if ContinuousClock.now >= nextLook { look() }
        let size = TerminalScreen.size()
        state.page = max(1, size.rows / 2)
        try screen.draw(TopFrame(state, size: size, paint: paint).lines, size: size)
        try wait()
      }
    } catch let end as Ended where end.code == .success {
      return
    }
  }

  /// Asks the runner how it is.
  private mutating func look() {
    if !state.isFrozen {
      do {
        let count = state.filter.isEmpty ? max(20, TerminalScreen.size().rows) : Self.queueBound
        state.take(try hasty.top(queued: min(count, Self.queueBound)), at: Moment.now)
        if case .pane(let pane) = state.mode { try page(pane.kind, by: hasty) }
      } catch is Interrupted {
        return  // It is asked again when the signal was looked at.
      } catch {
        state.lose(Self.words(error), at: Moment.now)
      }
    }
    nextLook = .now + interval
  }

  private mutating func page(_ kind: TopPane.Kind, by client: Client) throws {
    let plain = Paint(isOn: false)
    switch kind {
    case .help: return
    case .why(let job):
      state.show(kind, WhySheet(now: Moment.now).text(of: try client.why(job), paint: plain))
    case .job(let job): state.show(kind, JobSheet(try client.job(job)).text(paint: plain))
    }
  }

  // MARK: Waiting

  /// Returns when something has changed or it is time to look.
  private mutating func wait() throws {
    var polled = [STDIN_FILENO, signals.descriptor].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    var span = max(.zero, nextLook - .now)
    if decoder.isPending { span = min(span, Self.keyGap) }
    let ready = poll(&polled, nfds_t(polled.count), Int32(clamping: span.milliseconds + 1))
    if ready == 0, decoder.isPending { return try take(decoder.flush()) }
    guard ready > 0 else { return }
    if polled[1].revents != 0 { try takeSignals() }
    if polled[0].revents != 0 { try takeBytes() }
  }

  private func takeSignals() throws {
    for signal in signals.takeAll() {
      switch signal {
      case SIGWINCH: break  // The next picture has the new size.
      case SIGCONT: try screen.open()
      case SIGTSTP:
        screen.close()
        kill(getpid(), SIGSTOP)
      default: throw Ended(code: .success)
      }
    }
  }

  private mutating func takeBytes() throws {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    guard count != 0 else { throw Ended(code: .success) }
    guard count > 0 else {
      guard errno == EINTR || errno == EAGAIN else { throw Ended(code: .success) }  // The terminal is gone.
      return
    }
    try take(decoder.feed(bytes.prefix(count)))
  }

  private mutating func take(_ keys: [Key]) throws {
    for key in keys {
      for action in state.handle(key) { try perform(action) }
    }
  }

  // MARK: Actions

  private mutating func perform(_ action: TopState.Action) throws {
    switch action {
    case .quit: throw Ended(code: .success)
    case .refresh: nextLook = .now
    case .cancel(let job): attempt { _, client in "job \(job) is \(try client.cancel(job).ending)" }
    case .hold(let job, true): attempt { _, client in "job \(try client.hold(job).id) is held" }
    case .hold(let job, false): attempt { _, client in "job \(try client.release(job).id) is released" }
    case .open(let kind):
      attempt { session, client in
        try session.page(kind, by: client)
        return nil
      }
    }
  }

  /// Does something and tells what came of it; then it looks at once.
  private mutating func attempt(_ body: (inout TopSession, Client) throws -> String?) {
    do {
      if let told = try body(&self, client) {
        state.tell(told)
        nextLook = .now
      }
    } catch {
      state.tell(Self.words(error))
    }
  }

  private static func words(_ error: any Error) -> String {
    switch error {
    case let problem as Problem: problem.detail
    case let error as ClientError: error.description
    default: "\(error)"
    }
  }
}

extension JobView {
  /// What became of a cancellation: a job that runs is only asked to stop.
  fileprivate var ending: String { state.isFinal ? state.rawValue : "asked to stop" }
}
