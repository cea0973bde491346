#pragma once
// Taking out of a recording what says whose it is.

#include <cstddef>

#include "octopoll/recording/recording.hpp"

namespace octopoll::recording {

/// How much was changed, for the one who is about to send the file.
struct Anonymized {
  std::size_t texts = 0;      ///< values of sysName, sysContact, sysLocation, ifAlias and the like
  std::size_t addresses = 0;  ///< values with MAC or IP addresses
  std::size_t others = 0;     ///< values in which one of those, or what looks like a serial number, was found
  std::size_t left_out = 0;   ///< objects that are gone: tables whose indexes are addresses, credentials, processes
};

/// Replaces, the same value by the same pseudonym wherever it stands in the recording:
///
/// - sysName, sysContact, sysLocation, ifAlias, serial numbers and asset tags of ENTITY-MIB: by a word with a number,
///   filled up to the old length, for sizes decide what fits into a message. Octets that are no text (control
///   characters, NULs, what is not UTF-8) stay where they are: they are often the bug. Empty and blank texts stay.
/// - MAC addresses, also inside texts and engine ids: the vendor's three octets stay, since quirks go by vendor and
///   sysObjectID names it anyway; the rest is a number. All zeros, all ones and blanks stay.
/// - IP addresses, also inside texts: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737), then 198.18.0.0/15
///   (RFC 2544); IPv6 2001:db8::/32 (RFC 3849). Unspecified and loopback addresses and netmasks stay. Four numbers
///   after "version", "release" or "v" are a version.
/// - Inside all other texts: those names, and words of eight or more capitals and digits that look like serial
///   numbers.
///
/// Interface names (ifName, ifDescr), counters, types, states, sysDescr's remaining words and sysObjectID stay: they
/// are what the report is about. Left out: tables indexed by addresses, users and communities, running processes. What
/// an index or a private MIB holds besides is not known to it. The same recording is made anonymous in the same way
/// each time; other recordings have other pseudonyms.
Anonymized anonymize(Objects& objects);

}  // namespace octopoll::recording
