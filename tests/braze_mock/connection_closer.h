// Ends a connection under httplib's hands, which itself always writes a reply: finds the socket by its two ports.
#pragma once

namespace cdi::braze_mock {

// Closes this process's end of the connection from `peer_port` to `local_port`: in an orderly way (the peer reads the
// end of the stream), or with a TCP reset. Whatever is written to the socket afterwards is lost.
void CloseConnection(int local_port, int peer_port, bool reset);

// The same, orderly, for all connections to `local_port`.
void CloseConnectionsOf(int local_port);

}  // namespace cdi::braze_mock
