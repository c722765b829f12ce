import CMillraceLinux
import CMillraceLinux.Libc

/// Warm hosts: making them, asking them for processes, and believing nothing that they say.
extension Keeper {
  /// Makes a warm host; whatever fails is told as its end.
  mutating func makeHost() {
    guard let request = HostRequest(packet), !isEnding, !hosts.isFull, hosts.index(request.number) == nil,
      min(request.cgroup, request.payload) >= Keeper.ownDescriptors
    else {
      return put("error: the runner asked for a warm host that can't be\n", to: STDERR_FILENO)
    }
    var pair: (Int32, Int32) = (-1, -1)
    let made = withUnsafeMutableBytes(of: &pair) {
      millrace_socketpair($0.assumingMemoryBound(to: Int32.self).baseAddress)
    }
    var pidfd: Int32 = -1
    let began = microseconds()
    let pid = made < 0 ? made : millrace_fork(request.cgroup, &pidfd)
    if pid == 0 { WarmHost.run(request, socket: pair.1) }
    let birth = microseconds() - began
    close(pair.1)
    close(pidfd)
    guard pid > 0, millrace_set_nonblocking(pair.0, 1) == 0,
      millrace_epoll_add(epoll, pair.0, Keeper.tag(ofHost: request.number), EPOLLIN.rawValue) == 0
    else {
      close(pair.0)
      if pid > 0 { kill(pid, SIGKILL) }
      complain("cannot make a warm host: \(words(for: pid))", at: pid)
      hosts.append(number: request.number, pid: max(0, pid), socket: -1, birthMicroseconds: 0)
      if pid <= 0 {
        _ = hosts.note(millrace_ending(time_us: 0, pid: 0, code: Int32(CLD_EXITED), status: 125))
      }
      return
    }
    hosts.append(number: request.number, pid: pid, socket: pair.0, birthMicroseconds: birth)
  }

  static func tag(ofHost number: UInt32) -> UInt64 { UInt64(number) << 8 | hostTag }

  static let hostTag: UInt64 = 4

  /// Has a host do something that it is asked for by the packet at hand.
  mutating func prepareHost() {
    guard let request = PrepareRequest(packet), let index = hosts.index(request.host) else { return }
    hosts.expectPrepared(index)
    let sent = millrace_send(
      hosts.all[index].socket, packet.bytes, packet.length, nil, 0, Int32(MSG_DONTWAIT))
    if sent < 0 { hosts.close(index) }  // It does not listen; its end tells the runner.
  }

  /// Asks a host for the process of a START. Returns 0, or a negative errno.
  mutating func forward(_ request: StartRequest) -> Int32 {
    guard let index = hosts.index(request.host), hosts.all[index].socket >= 0 else { return -ENOTCONN }
    let sent = request.descriptors.forward(packet, to: hosts.all[index].socket)
    guard sent >= 0 else { return sent == -Int64(EAGAIN) ? -EAGAIN : -ENOTCONN }
    attempts.append(
      KeptAttempt(
        job: request.job, attempt: request.attempt, tier: request.tier, pid: 0,
        outcome: request.descriptors.outcome,
        log: request.descriptors.keptLog, channel: request.descriptors.keptChannel, pidfd: -1),
      awaiting: Delivery(
        host: request.host, job: request.job, attempt: request.attempt, leaf: request.descriptors.leaf))
    packet.keep(0)
    for index in StartRequest.Descriptors.kept { packet.keep(index) }
    return 0
  }

  /// Takes in what a host says.
  mutating func serveHost(_ number: UInt32) {
    for _ in 0..<Keeper.turn {
      guard let index = hosts.index(number), hosts.all[index].socket >= 0 else { return }
      let result = hostPacket.receive(from: hosts.all[index].socket)
      hostPacket.closeDescriptors()
      if result == -Int(EAGAIN) { return }
      guard result > 0 else {
        // Nobody can ask it for anything any more, whatever it still does.
        kill(hosts.all[index].pid, SIGKILL)
        return hosts.close(index)
      }
      if let forked = hostPacket.message(as: millrace_keeper_started.self),
        forked.type == UInt32(MILLRACE_KEEPER_FORKED)
      {
        take(forked, from: number)
      } else if let news = hostPacket.message(as: millrace_keeper_host_news.self) {
        hosts.note(news, from: index)
      }
    }
  }

  private mutating func take(_ forked: millrace_keeper_started, from host: UInt32) {
    guard let index = attempts.index(job: forked.job, attempt: forked.attempt),
      let delivery = attempts.all[index].delivery, delivery.host == host
    else { return }  // It has ended already, and was found then; or the host lies.
    guard forked.error == 0 else { return attempts.miscarry(index, error: forked.error) }
    let pidfd = delivery.accept(forked.pid)
    guard pidfd >= 0 else { return attempts.miscarry(index, error: EPROTO) }
    attempts.bear(index, pid: forked.pid, pidfd: pidfd, forkMicroseconds: forked.fork_us)
  }

  /// Looks, before it is reaped, whether an unknown child is one that a host has not told of yet.
  mutating func findNewborn(_ pid: Int32) {
    for index in attempts.all.indices {
      guard let delivery = attempts.all[index].delivery else { continue }
      let pidfd = delivery.accept(pid)
      guard pidfd >= 0 else { continue }
      return attempts.bear(index, pid: pid, pidfd: pidfd, forkMicroseconds: 0)
    }
  }

  /// A host has ended: what it owed is in its leaf, or was never made.
  mutating func settle(owedBy host: UInt32) {
    for index in attempts.all.indices.reversed() {
      guard let delivery = attempts.all[index].delivery, delivery.host == host else { continue }
      if let found = delivery.search() {
        attempts.bear(index, pid: found.pid, pidfd: found.pidfd, forkMicroseconds: 0)
      } else {
        attempts.miscarry(index, error: ENOTCONN)
      }
    }
  }

  /// Ends all hosts, and settles what they owe: no new runner may come before that is known.
  mutating func endHosts() {
    for index in hosts.all.indices where !hosts.all[index].hasEnded {
      hosts.close(index)
      kill(hosts.all[index].pid, SIGKILL)
    }
    var ending = millrace_ending()
    for host in hosts.all where !host.hasEnded {
      // What has ended before it is found first, or it would be taken for never made.
      while attempts.awaitedCount > 0, millrace_peek(&ending) == 1, ending.pid != host.pid { reapOne(ending) }
      let pidfd = millrace_pidfd_open(host.pid)
      if millrace_wait_pidfd(pidfd, 1, &ending) == 1 { _ = hosts.note(ending) }
      close(pidfd)
      settle(owedBy: host.number)
    }
    hosts.unlearn()
  }
}
