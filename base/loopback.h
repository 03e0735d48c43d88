// Which texts of a host lead to this machine.
//
// Two rules, as the question is asked for two reasons. What is to be kept out must be known in every spelling that a
// resolver takes; what is to be let in (a listener without TLS, a stand-in) is taken in its plain spelling only.
// Neither resolves a name: one may lead anywhere, and changes its mind.
#pragma once

#include <string_view>

namespace cdi {

// A connection to this host may end on this machine: `localhost` and its kin in any case, with or without a dot at the
// end; 127.0.0.0/8, 0.0.0.0, `::1` and `::`, in brackets or not, IPv4 in IPv6 too, and in every way that inet_aton
// reads (`127.1`, `2130706433`, `0x7f000001`, `0`).
bool IsLoopback(std::string_view host);

// `localhost`, 127.0.0.0/8 as four decimal numbers, `::1` or `[::1]`.
bool IsPlainLoopback(std::string_view host);

}  // namespace cdi
