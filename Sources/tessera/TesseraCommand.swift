import ArgumentParser
@main struct TesseraCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "tessera")
}
