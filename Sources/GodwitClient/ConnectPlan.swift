import GodwitWire
import NIOCore

/// Decides which carriers to try when, which one carries the session, and when to give one up. Pure: events and times
/// go in, actions come out, and the shell performs them.
///
/// - In `auto`, datagram starts first. Stream joins when there is no answer within ``Configuration/streamJoinDelay`` (RFC 8305's idea) or when
///   an answered handshake does not end; at once where datagram had no answer the last time. The first to agree on keys gets the
///   session, which a datagram carrier takes from a stream; the first to open it wins, the rest is cancelled.
/// - A kind starts another attempt beside one that hears nothing, so that the return of a network is noticed within
///   about a second whatever the retransmission timers of the older attempt say. Beside a suspect carrier, which probes each
///   second itself, its rivals ask less often.
/// - A carrier that is silent while data is outstanding becomes *suspect*: fresh attempts race it. Whichever is heard
///   first carries the session.
/// - On stream in `auto`, datagram is tried again at growing intervals.
struct ConnectPlan: Sendable {
    let configuration: Configuration
    private let random: RandomSource
    private(set) var attempts: [ConnectAttempt] = []
    private var nextID: UInt64 = 0
    private var isRunning = false
    private var backoffs: [CarrierKind: ReconnectBackoff] = [:]
    /// The earliest time of each kind's next attempt.
    private var earliest: [CarrierKind: NIODeadline] = [:]
    /// Since when the session is wanted and on no carrier.
    private(set) var outageSince: NIODeadline?
    private var datagramRetryDelay: TimeAmount
    private var datagramRetryAt: NIODeadline?
    private var traffic = Traffic()
    private var hasWork = false
    private var lastRoundTrip: TimeAmount?
    private var status: Status = .disconnected
    /// The open carrier is silent though it should not be.
    private(set) var suspected = false
    private var suspicionSince: NIODeadline?
    /// No attempt begins before this: the server said so.
    private var held = NIODeadline.uptimeNanoseconds(0)
    /// The last change of the network that the open stream carrier has not proved to have survived.
    private var networkChangedAt: NIODeadline?
    /// On this network a stream has opened while a datagram attempt that was older had heard nothing: a firewall, perhaps.
    private(set) var datagramIsUnheard: Bool

    init(configuration: Configuration, random: RandomSource, datagramIsUnheard: Bool = false) {
        self.configuration = configuration
        self.random = random
        self.datagramIsUnheard = datagramIsUnheard
        self.datagramRetryDelay = configuration.datagramRetryFirst
    }

    // MARK: What happened

    mutating func start(now: NIODeadline) -> [Action] {
        guard !isRunning else { return [] }
        isRunning = true
        for kind in kinds { backoffs[kind]?.reset() }
        earliest = held > now ? Dictionary(uniqueKeysWithValues: kinds.map { ($0, held) }) : [:]
        return beginOutage(now: now) + advance(now: now)
    }

    /// Ends everything until the next ``start(now:)``; the shell closes the carriers of the cancelled attempts.
    mutating func stop() -> [Action] {
        isRunning = false
        outageSince = nil
        suspected = false
        let actions = attempts.map { Action.cancel($0.id) }
        attempts.removeAll()
        return actions + report(.disconnected)
    }

    /// What earlier connections taught about the network no longer counts.
    mutating func forgetPath() {
        lastRoundTrip = nil
        datagramIsUnheard = false
    }

    /// The server answered something during the handshake.
    mutating func progressed(_ id: AttemptID, now: NIODeadline) {
        guard let index = index(of: id) else { return }
        attempts[index].progressAt = now
        if attempts[index].carrier == .datagram { datagramIsUnheard = false }
        if attempts[index].phase == .connect { attempts[index].enter(.handshake, now: now) }
    }

    /// The first flight can open the session. It does when no other carrier has it.
    mutating func canSendEarly(_ id: AttemptID, now: NIODeadline) -> [Action] {
        guard attached == nil, let index = index(of: id), attempts[index].phase < .ready else { return [] }
        attempts[index].isEarly = true
        attempts[index].enter(.opening, now: now)
        return [.attach(id)]
    }

    /// Keys are agreed.
    mutating func established(_ id: AttemptID, now: NIODeadline) -> [Action] {
        guard let index = index(of: id) else { return [] }
        if attempts[index].isEarly {
            attempts[index].isEarly = false
            attempts[index].enter(attempts[index].phase, now: now)
        }
        guard attempts[index].phase < .ready else { return [] }
        attempts[index].enter(.ready, now: now)
        return advance(now: now)
    }

    /// The session lives on this carrier.
    mutating func opened(_ id: AttemptID, now: NIODeadline) -> [Action] {
        guard let index = index(of: id), attempts[index].phase == .opening else { return [] }
        attempts[index].enter(.open, now: now)
        let carrier = attempts[index].carrier
        if carrier == .stream {
            let startedAt = attempts[index].startedAt
            let elder = attempts.first { $0.carrier == .datagram && $0.startedAt <= startedAt }
            if let elder { datagramIsUnheard = elder.progressAt == nil }
        }
        let losers = attempts.filter { $0.id != id }.map { Action.cancel($0.id) }
        attempts = [attempts[index]]
        outageSince = nil
        traffic = Traffic(outstandingSince: nil, lastHeardAt: now, roundTrip: nil)
        if carrier == .datagram {
            datagramRetryDelay = configuration.datagramRetryFirst
            datagramRetryAt = nil
        } else {
            scheduleDatagramRetry(now: now)
        }
        return losers + report(.connected(carrier))
    }

    /// An attempt failed, or an open carrier was lost.
    mutating func failed(_ id: AttemptID, _ failure: AttemptFailure, now: NIODeadline) -> [Action] {
        guard let index = index(of: id) else { return [] }
        let attempt = attempts.remove(at: index)
        if attempt.phase == .open {
            if now - attempt.phaseSince >= configuration.provenAfter {
                for kind in kinds { backoffs[kind]?.reset() }
                earliest.removeAll()
            } else {
                postpone(attempt.carrier, now: now)
            }
            return beginOutage(now: now) + advance(now: now)
        }
        postpone(attempt.carrier, now: now)
        return [.failed(attempt.carrier, attempt.carrierPhase, failure)] + advance(now: now)
    }

    /// Interfaces or addresses of this machine changed.
    mutating func networkChanged(now: NIODeadline) -> [Action] {
        guard isRunning else { return [] }
        var actions: [Action] = []
        for kind in kinds { backoffs[kind]?.reset() }
        earliest.removeAll()
        datagramRetryDelay = configuration.datagramRetryFirst
        datagramIsUnheard = false
        if configuration.preference == .auto, openAttempt?.carrier == .stream { datagramRetryAt = now }
        for attempt in attempts where attempt.carrier == .datagram { actions.append(.rebind(attempt.id)) }
        // A TCP connection dies with its address, but only its peer would learn that: treat it as suspect at once.
        if let open = openAttempt, open.carrier == .stream { networkChangedAt = now }
        // A SYN sent from the old address is never answered.
        for attempt in attempts where attempt.carrier == .stream && attempt.phase < .open {
            actions.append(.cancel(attempt.id))
        }
        attempts.removeAll { $0.carrier == .stream && $0.phase < .open }
        return actions + advance(now: now)
    }

    /// Called before ``pollTimeout()`` whenever traffic flowed.
    mutating func observe(_ traffic: Traffic, hasWork: Bool, now: NIODeadline) -> [Action] {
        self.traffic = traffic
        self.hasWork = hasWork
        if let roundTrip = traffic.roundTrip { lastRoundTrip = roundTrip }
        if let heard = traffic.lastHeardAt, let changed = networkChangedAt, heard > changed { networkChangedAt = nil }
        return suspected ? judgeOpenCarrier(now: now) : []
    }

    /// The server asked for patience.
    mutating func holdOff(until time: NIODeadline) {
        for kind in kinds { earliest[kind] = max(earliest[kind] ?? time, time) }
        held = time
    }

    /// Whether an attempt that is being prepared is still wanted.
    func isWanted(_ id: AttemptID) -> Bool { attempts.contains { $0.id == id } }

    mutating func handleTimeout(now: NIODeadline) -> [Action] {
        guard isRunning else { return [] }
        var actions: [Action] = []
        for attempt in attempts where attempt.phase < .open && now >= attempt.startedAt + configuration.attemptTimeout {
            attempts.removeAll { $0.id == attempt.id }
            postpone(attempt.carrier, now: now)
            actions.append(.cancel(attempt.id))
            // One that waited in reserve has not failed.
            if attempt.phase != .ready { actions.append(.failed(attempt.carrier, attempt.carrierPhase, .timedOut)) }
        }
        return actions + advance(now: now)
    }

    /// When ``handleTimeout(now:)`` is due.
    func pollTimeout() -> NIODeadline? {
        guard isRunning else { return nil }
        var due: NIODeadline?
        func consider(_ time: NIODeadline?) {
            if let time { due = min(due ?? time, time) }
        }
        for attempt in attempts where attempt.phase < .open {
            consider(attempt.startedAt + configuration.attemptTimeout)
        }
        if openAttempt != nil, !suspected { consider(suspectAt) }
        if let attached, attached.phase == .opening, attempts.contains(where: { $0.phase == .ready }) {
            consider(attached.phaseSince + configuration.openingPatience)
        }
        for kind in kinds { consider(nextStart(of: kind)) }
        return due
    }

    // MARK: What to do

    /// The attempt that carries or opens the session.
    var attached: ConnectAttempt? { attempts.first { $0.phase >= .opening } }

    /// The session lives on a carrier, even if that is suspect.
    var hasCarrier: Bool { openAttempt != nil }

    private var openAttempt: ConnectAttempt? { attempts.first { $0.phase == .open } }

    private var kinds: [CarrierKind] {
        switch configuration.preference {
        // The first takes the ticket.
        case .auto: datagramIsUnheard ? [.stream, .datagram] : [.datagram, .stream]
        case .datagram: [.datagram]
        case .stream: [.stream]
        }
    }

    /// When the open carrier becomes suspect if nothing is heard.
    private var suspectAt: NIODeadline? {
        if let networkChangedAt { return networkChangedAt }
        guard let outstanding = traffic.outstandingSince else { return nil }
        let quietSince = max(outstanding, traffic.lastHeardAt ?? outstanding)
        let roundTrips = (traffic.roundTrip?.nanoseconds ?? 0) * Configuration.suspicionRoundTrips
        return quietSince + .nanoseconds(max(configuration.suspicion.nanoseconds, roundTrips))
    }

    private mutating func advance(now: NIODeadline) -> [Action] {
        guard isRunning else { return [] }
        var actions = judgeOpenCarrier(now: now)
        actions += chooseCarrier(now: now)
        for kind in kinds {
            guard let due = nextStart(of: kind), due <= now else { continue }
            actions.append(start(kind, now: now))
        }
        return actions
    }

    /// Marks or clears suspicion. A carrier that is heard again ends the race it was in.
    private mutating func judgeOpenCarrier(now: NIODeadline) -> [Action] {
        guard openAttempt != nil else {
            suspected = false
            return []
        }
        let isSuspect = suspectAt.map { $0 <= now } ?? false
        defer { suspected = isSuspect }
        if isSuspect, !suspected {
            suspicionSince = now
            return []
        }
        guard suspected, !isSuspect else { return [] }
        let rivals = attempts.filter { $0.phase < .opening && !isDatagramUpgrade($0) }
        attempts.removeAll { attempt in rivals.contains { $0.id == attempt.id } }
        return rivals.map { .cancel($0.id) }
    }

    /// A datagram attempt beside a stream session is welcome even when the stream is well.
    private func isDatagramUpgrade(_ attempt: ConnectAttempt) -> Bool {
        attempt.carrier == .datagram && openAttempt?.carrier == .stream
    }

    /// Gives the session to a ready carrier when the present one is missing, slow to open, suspect, or the lesser kind.
    private mutating func chooseCarrier(now: NIODeadline) -> [Action] {
        let ready = attempts.filter { $0.phase == .ready }
        guard let best = ready.first(where: { $0.carrier == .datagram }) ?? ready.first else { return [] }
        var actions: [Action] = []
        if let present = attached {
            let isUpgrade = best.carrier == .datagram && present.carrier == .stream
            switch present.phase {
            case .opening where present.isEarly:
                // The other has heard the server. What this one has sent would only confuse it later.
                attempts.removeAll { $0.id == present.id }
                actions.append(.cancel(present.id))
            case .opening:
                // The session would move to a datagram carrier as soon as it is open. And on a path that takes its time, a stream that
                // has lost something takes a second to find that out.
                let isPreferred = isUpgrade && !best.hasGivenWay
                guard isPreferred || now >= present.phaseSince + configuration.openingPatience else { return [] }
                // It goes back to the reserve: it may still be the only one that works.
                if let index = index(of: present.id) {
                    attempts[index].enter(.ready, now: now)
                    attempts[index].hasGivenWay = true
                }
            case .open:
                guard suspected || isUpgrade else { return [] }
                attempts.removeAll { $0.id == present.id }
                actions.append(.cancel(present.id))
                outageSince = outageSince ?? now
            case .connect, .handshake, .ready:
                return []
            }
        }
        guard let index = index(of: best.id) else { return actions }
        attempts[index].enter(.opening, now: now)
        return actions + [.attach(best.id)]
    }

    /// When a kind's next attempt begins, nil when none is wanted.
    private func nextStart(of kind: CarrierKind) -> NIODeadline? {
        guard isRunning else { return nil }
        let wantedSince: NIODeadline
        if let open = openAttempt {
            if suspected {
                wantedSince = suspicionSince ?? open.phaseSince
            } else if kind == .datagram, open.carrier == .stream, let retry = datagramRetryAt {
                // One at a time: this is a luxury.
                return attempts.contains { $0.carrier == .datagram } ? nil : retry
            } else {
                return nil
            }
        } else if let outageSince {
            wantedSince = outageSince
        } else {
            return nil
        }
        let carriers = attempts.filter { $0.carrier == kind }
        guard let newest = carriers.last, newest.phase < .open else {
            var time = earliest[kind] ?? wantedSince
            if kind == .stream, configuration.preference == .auto, !datagramHasFailed, !datagramIsUnheard {
                time = max(time, streamJoin(wantedSince))
            }
            return time
        }
        guard carriers.count < configuration.maximumAttemptsPerKind, newest.carrierPhase < .ready else { return nil }
        if let progress = newest.progressAt { return progress + configuration.stalledDelay }
        return max(newest.startedAt + configuration.companyDelay, earliest[kind] ?? newest.startedAt)
    }

    /// Datagram failed in this outage: nothing is won by letting stream wait.
    private var datagramHasFailed: Bool { (backoffs[.datagram]?.failures ?? 0) > 0 }

    /// When stream joins an outage that has lasted since then: on a slow network two round trips say more than a constant, and a handshake
    /// that was answered takes about as long again.
    private func streamJoin(_ wantedSince: NIODeadline) -> NIODeadline {
        if let datagram = attempts.last(where: { $0.carrier == .datagram }), let progress = datagram.progressAt {
            let answer = (progress - datagram.startedAt).nanoseconds
            let patience = min(TimeAmount.nanoseconds(2 * answer), configuration.stalledDelay)
            return progress + max(configuration.streamJoinDelay, patience)
        }
        return wantedSince + max(configuration.streamJoinDelay, .nanoseconds(2 * (lastRoundTrip?.nanoseconds ?? 0)))
    }

    private mutating func start(_ kind: CarrierKind, now: NIODeadline) -> Action {
        let id = AttemptID(rawValue: nextID)
        nextID += 1
        attempts.append(ConnectAttempt(id: id, carrier: kind, startedAt: now, phaseSince: now))
        if kind == .datagram, let open = openAttempt, open.carrier == .stream { scheduleDatagramRetry(now: now) }
        return .start(id, kind)
    }

    private mutating func scheduleDatagramRetry(now: NIODeadline) {
        guard configuration.preference == .auto else { return }
        datagramRetryAt = now + datagramRetryDelay
        datagramRetryDelay = min(configuration.datagramRetryCap, .nanoseconds(datagramRetryDelay.nanoseconds * 2))
    }

    private mutating func postpone(_ kind: CarrierKind, now: NIODeadline) {
        let isEager = hasWork || now < (outageSince ?? now) + ReconnectBackoff.eagerPeriod
        backoffs[kind, default: ReconnectBackoff()].fail()
        let next = now + backoffs[kind, default: ReconnectBackoff()].delay(eager: isEager, random: random)
        earliest[kind] = max(next, held)
    }

    private mutating func beginOutage(now: NIODeadline) -> [Action] {
        outageSince = now
        traffic = Traffic()
        datagramRetryAt = nil
        networkChangedAt = nil
        return (status == .disconnected ? [] : report(.disconnected)) + report(.connecting)
    }

    private mutating func report(_ new: Status) -> [Action] {
        guard status != new else { return [] }
        status = new
        return [.status(new)]
    }

    private func index(of id: AttemptID) -> Int? { attempts.firstIndex { $0.id == id } }
}

extension ConnectAttempt {
    fileprivate mutating func enter(_ next: AttemptPhase, now: NIODeadline) {
        phase = next
        phaseSince = now
    }
}
