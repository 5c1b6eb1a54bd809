import GodwitWire
import NIOCore

/// A connection as its endpoint and its owner keep it: awake, or at rest until something is to be done with it.
///
/// After every turn in which it was awake the owner polls its timeout as ever, and asks it to `rest`.
package final class ServedConnection {
    private enum Form {
        case awake(Connection)
        indirect case resting(RestingConnection)
    }

    // Exclusive access is not checked at run time, for the reasons given at `Connection`.
    @exclusivity(unchecked) private var form: Form
    private let lender: ConnectionLender

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

    /// Lays it to rest if it has been silent for long enough. The owner polls the timeout again then.
    ///
    /// - Returns: what it has counted since it woke; nil when it did not go to rest.
    package func rest() -> ConnectionStatistics? {
        guard case .awake(let connection) = form, connection.isTired,
            let resting = RestingConnection(connection)
        else { return nil }
        form = .resting(resting)
        return connection.statistics
    }

    /// Each ID that leads to it.
    func forEachID(_ body: (ConnectionID) -> Void) {
        switch form {
        case .awake(let connection):
            connection.localIDs?.forEach(body)
            body(connection.clientChosenID)
        case .resting(let resting):
            resting.localIDs?.forEach(body)
            body(resting.clientChosenID)
        }
    }
}
