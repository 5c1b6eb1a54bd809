import GodwitWire
import NIOCore

/// A connection as its endpoint and its owner keep it: awake, or at rest until something is to be done with it.
///
/// After every turn in which it was awake the owner asks the endpoint to `rest` it, and polls its timeout as ever.
package final class ServedConnection {
    private enum Form {
        case awake(Connection)
        indirect case resting(RestingConnection)
    }

    // Exclusive access is not checked at run time, for the reasons given at `Connection`.
    @exclusivity(unchecked) private var form: Form
    private let lender: ConnectionLender
    /// Its client's chosen ID leads to it.
    private var answersChosenID = true

    init(_ connection: Connection, lender: ConnectionLender) {
        form = .awake(connection)
        self.lender = lender
    }

    /// To ask for it is to wake it.
    package var connection: Connection {
        switch form {
        case .awake(let connection): return connection
        case .resting(let resting):
            let connection = Connection(waking: resting, lender: lender)
            form = .awake(connection)
            return connection
        }
    }

    /// Nil while it rests.
    package var awake: Connection? {
        if case .awake(let connection) = form { connection } else { nil }
    }

    /// When it wants `handleTimeout`, nil for never.
    package func pollTimeout() -> NIODeadline? {
        switch form {
        case .awake(let connection): connection.pollTimeout()
        case .resting(let resting): resting.deadline
        }
    }

    /// See `ServerEndpoint.rest`.
    func rest() -> ConnectionStatistics? {
        guard case .awake(let connection) = form, connection.isTired,
            let resting = RestingConnection(connection)
        else { return nil }
        form = .resting(resting)
        return connection.statistics
    }

    /// Each ID that leads to it.
    func forEachID(_ body: (ConnectionID) -> Void) {
        switch form {
        case .awake(let connection): connection.localIDs?.forEach(body)
        case .resting(let resting): resting.localIDs?.forEach(body)
        }
        if answersChosenID { body(chosenID) }
    }

    /// The client's chosen ID no longer leads to it.
    ///
    /// - Returns: that ID; nil if it did not before.
    func giveUpChosenID() -> ConnectionID? {
        guard answersChosenID else { return nil }
        answersChosenID = false
        return chosenID
    }

    private var chosenID: ConnectionID {
        switch form {
        case .awake(let connection): connection.clientChosenID
        case .resting(let resting): resting.clientChosenID
        }
    }
}
