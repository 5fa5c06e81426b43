import CTesseraPlugin

extension PluginHost {
    /// What transports may call.
    static func addLinks(to host: inout tessera_host) {
        host.link_opened = { network, link, isDialed in
            PluginTransport.at(network)?.opened(link, isDialed: isDialed != 0)
        }
        host.received = { network, link, bytes, count in
            tessera_status(PluginTransport.at(network)?.received(link, bytes, count: count) ?? TESSERA_INVALID_ARGUMENT)
        }
        host.link_closed = { network, link, reason in
            PluginTransport.at(network)?.closed(link, reason: reason.map { String(cString: $0) })
        }
    }
}
