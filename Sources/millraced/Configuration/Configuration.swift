import Logging
import MillraceCore
import MillraceLinux
import MillraceTracing

/// The operator's settings, complete and checked.
struct Configuration: Sendable, Equatable {
  /// The directory of the database, the inputs, results and logs.
  var state: String
  /// The directory of the plugins.
  var plugins: String
  /// So many crashes of a build's first attempts put it into quarantine.
  var pluginCrashes = 3
  /// The file that says who may sign plugins; nil if they need no signature.
  var allowedSigners: String?
  /// The directory of the schedules in files; it need not be there.
  var schedules: String
  /// The directory of the calendars; it need not be there.
  var calendars: String
  /// The path of the API's Unix socket.
  var socket: String
  /// Its permissions; nil for those that fit who may call: 0600, or 0660 with a group.
  var socketMode: UInt32?
  var access = AccessSettings()
  /// Where the cgroups of the jobs are made.
  var cgroupRoot = CgroupRoot.automatic
  /// The path of `millrace-host`.
  var host: String
  /// The directory of the files of the dashboard; it need not be there.
  var dashboard: String
  /// The user that jobs run as when the runner is root.
  var user = "nobody"
  /// Other users for single plugins, by the plugin's name.
  var pluginUsers: [String: String] = [:]
  var capacity = Capacity()
  var queue = Queue()
  var pressure = PressureRules()
  var learning = Learning()
  /// When a handler is no longer tried for a while; nil for never.
  var breaker: BreakerRules? = BreakerRules()
  /// How often in a row an attempt may crash before its job fails, whatever attempts it has left.
  var poisonAfter = 3
  /// The groups of handlers, by name; each `within` names one of them, and none is within itself.
  var groups: [String: GroupRules] = [:]
  /// How usage counts in the order of jobs; nil if it does not.
  var fairShare: FairShareRules?
  /// What holds where neither a job nor its handler says anything.
  var defaults = Terms(
    limits: Limits(memory: .mebibytes(256), cpuMillis: 1000, pids: 64), timeout: .seconds(3600),
    grace: .seconds(10), maxAttempts: 1, retryDelay: .seconds(10))
  /// How handlers are started that have no tier of their own.
  var tier = StartTier.template
  /// The cluster; nil if all jobs run here.
  var slurm: SlurmSection?
  /// How many warm hosts there may be, how large and for how long.
  var warm = WarmSettings()
  var bounds = Bounds()
  /// How long ended jobs and what belongs to them are kept.
  var retention = Retention()
  /// Where jobs run, as far as more is said of it than of single handlers.
  var places: PlaceRules {
    PlaceRules(
      groups: groups.compactMapValues(\.place), rules: slurm?.places ?? [], hasCluster: slurm != nil)
  }
  /// What the operator says of single handlers, by name.
  var handlers: [String: HandlerSettings] = [:]
  /// Libraries that the keeper loads once for all jobs.
  var preload: [String] = []
  /// Where spans are written; nil for nowhere.
  var tracing: TraceWriter.Settings?
  var logLevel = Logger.Level.info

  /// Where the cgroups of the jobs are made.
  enum CgroupRoot: Sendable, Equatable {
    /// The cgroup that the runner was started in if it is delegated, else `/millrace`.
    case automatic
    /// A path below the mount of cgroup v2, as `/proc/self/cgroup` shows it, or with the mount before it.
    case path(String)

    /// Returns the path below the mount; nil for the automatic one.
    func group(belowMount mount: String) -> String? {
      guard case .path(let path) = self else { return nil }
      guard path.hasPrefix(mount + "/") else { return path == mount ? "/" : path }
      return String(path.dropFirst(mount.count))
    }
  }

  /// The file of the record.
  var database: String { state + "/millrace.db" }

  /// A part of what the machine has.
  enum Share<Amount: Sendable & Equatable>: Sendable, Equatable {
    /// Above 0, up to 100.
    case percent(Double)
    case amount(Amount)
  }

  /// What all running jobs may take together.
  struct Capacity: Sendable, Equatable {
    var memory = Share<Bytes>.percent(80)
    /// Thousandths of a processor.
    var cpuMillis = Share<Int64>.percent(100)
    /// How many attempts run at once.
    var slots = 64
    /// How many times the memory the limits of all running attempts may come to.
    var overcommit = 10.0
  }

  /// How jobs wait, and in which order.
  struct Queue: Sendable, Equatable {
    /// How many jobs may wait.
    var maxQueued = 100_000
    /// How long one step of priority is worth.
    var aging = Duration.seconds(30 * 60)
    /// How jobs are ordered and backfilled, by its name.
    var policy = Policy.Preset.default
    /// How many jobs behind the first one are looked at for backfill; nil for all.
    var backfillWindow: Int? = 256
    /// The least time between two starts.
    var stagger = Duration.zero
  }

  /// What is learned from attempts that have ended.
  struct Learning: Sendable, Equatable {
    var isOn = true
    /// How many of the last attempts count.
    var window = 200
  }

  /// The largest sizes of what a job takes in and leaves behind.
  struct Bounds: Sendable, Equatable {
    var input = Bytes.mebibytes(64)
    var result = Bytes.mebibytes(64)
    var log = Bytes.mebibytes(16)
    /// Open files of a job's process (`RLIMIT_NOFILE`).
    var openFiles = 1024
  }

  /// What the operator says of one handler; it comes before what its author says.
  struct HandlerSettings: Sendable, Equatable {
    var wishes = Wishes()
    /// How many of its jobs run at once; nil for what its author says.
    var concurrency: Int?
    /// How often its jobs start; nil for no bound.
    var rate: Rate?
    /// When it is no longer tried for a while; the inner nil for never, the outer one for what holds for all.
    var breaker: BreakerRules??
    /// The group that it is in; nil for none.
    var group: String?
    /// How it is started; nil for the usual way.
    var tier: StartTier?
  }
}

extension Configuration.Share where Amount == Bytes {
  /// Returns the share of a whole.
  func amount(of whole: Bytes) -> Bytes {
    switch self {
    case .percent(let percent): Bytes(Int64(Double(whole.rawValue) * percent / 100))
    case .amount(let amount): amount
    }
  }
}

extension Configuration.Share where Amount == Int64 {
  /// Returns the share of a whole.
  func amount(of whole: Int64) -> Int64 {
    switch self {
    case .percent(let percent): Int64(Double(whole) * percent / 100)
    case .amount(let amount): amount
    }
  }
}
