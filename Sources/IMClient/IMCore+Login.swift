import Bitcask
import GodwitClient
import GodwitWire
import IMMessages
import NIOCore
import SwiftProtobuf

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Being logged in on the present session, whatever became of the last one.
extension IMCore {
    /// Logs in now or as soon as there is a session. Answered by `.loggedIn` or `.loginFailed`.
    func logIn(user wanted: String, password text: String?, createIfMissing: Bool) {
        if let owner = user, owner != wanted {
            return emit(.loginFailed(.otherUser(stateOf: owner, wanted: wanted)))
        }
        isAnnounced = false
        if let text {
            password = (wanted, text, createIfMissing)
        } else if token == nil {
            isAnnounced = true
            return emit(.loginFailed(.notLoggedIn))
        }
        login = .none
        logInAgain()
    }

    func logInAgain() {
        guard login == .none, !isClosed else { return }
        var request = IMLoginRequest()
        if let password {
            request.user = password.user
            request.device = device
            request.password = password.text
            request.createIfMissing = password.createIfMissing
        } else if let token {
            request.token = Data(token)
        } else {
            return
        }
        login = .underWay
        epoch += 1
        let asked = epoch
        let isByPassword = password != nil
        ask(.login, request) { [self] result in
            guard asked == epoch, login == .underWay else { return }
            loginAnswered(result, isByPassword: isByPassword)
            flushIfEmpty()
        }
    }

    func loginAnswered(_ result: Result<Response, ClientError>, isByPassword: Bool) {
        login = .none
        switch result {
        case .failure(.sessionReplaced):
            logInAgain()
        case .failure(let error):
            if case .closed = error { return }
            retryLater()
        case .success(let response):
            guard response.isSuccess else { return loginRefused(response, isByPassword: isByPassword) }
            guard let reply = try? IMLoginReply(serializedBytes: Array(response.body.readableBytesView)) else {
                return emit(.loginFailed(.refused(status: 9, "the server's answer to the login cannot be read")))
            }
            loggedIn(reply)
        }
    }

    func loginRefused(_ response: Response, isByPassword: Bool) {
        let status = Status(rawValue: response.status)
        if status?.isTransient == true || status == .internal { return retryLater() }
        let text = String(buffer: response.body)
        password = nil
        isAnnounced = true
        switch status {
        case .wrongPassword: emit(.loginFailed(.wrongPassword(text)))
        case .unauthenticated where !isByPassword:
            token = nil
            store { $0.delete(StateKey.token) }
            emit(.loginFailed(.loginExpired))
        default: emit(.loginFailed(.refused(status: response.status, text)))
        }
    }

    func loggedIn(_ reply: IMLoginReply) {
        login = .done
        password = nil
        user = reply.user
        if !reply.token.isEmpty { token = Array(reply.token) }
        store { batch in
            batch.put(StateKey.user, Array(reply.user.utf8))
            batch.set(StateKey.token, token)
        }
        if !isAnnounced {
            isAnnounced = true
            emit(.loggedIn(user: reply.user, device: reply.device, created: reply.created))
        }
        pull()
        proceed()
    }

    /// The server does not take this session for logged in.
    func loginLost() {
        guard login == .done else { return }
        login = .none
        logInAgain()
    }

    var hasSavedLogin: Bool { token != nil }

    func logOut(completion: @escaping (IMClientError?) -> Void) {
        ask(.logout, IMLogoutRequest()) { [self] result in
            switch result {
            case .success(let response) where response.isSuccess:
                token = nil
                login = .none
                store { $0.delete(StateKey.token) }
                completion(nil)
            case .success(let response): completion(Self.error(response))
            case .failure(let error): completion(.connection(error))
            }
        }
    }
}
