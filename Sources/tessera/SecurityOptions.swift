import ArgumentParser
import Tessera

/// The certificates of the process that runs the command.
struct SecurityOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The folder with this member's certificates, see 'tessera cluster'; needed off loopback.", valueName: "DIR")
    )
    var certificates: String?

    func choice(over file: SecurityChoice?) -> SecurityChoice? {
        certificates.map { SecurityChoice(certificates: $0) } ?? file
    }
}
