#pragma once
// MIB names to OIDs, and OIDs with their values to text for people.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/result.hpp"
#include "octopoll/snmp/oid.hpp"
#include "octopoll/snmp/value.hpp"

namespace octopoll::snmp {

/// Which MIB modules are read.
struct NamesOptions {
  /// Where octopoll's own modules are. Empty: $OCTOPOLL_MIBDIRS (directories with ':' between them), else
  /// ../share/octopoll/mibs beside the executable, else the source tree it was built from, else where it was installed.
  std::vector<std::filesystem::path> directories;
  /// Also the user's, by the variables of Net-SNMP (snmpcmd(1)): directories by MIBDIRS, else ~/.snmp/mibs and
  /// /usr/share/snmp/mibs; files by MIBFILES; modules by MIBS ("+MODULE:MODULE", "ALL"; our own are read in any case).
  /// A module that a name asks for ("UCD-SNMP-MIB::laLoad") is read when it is first named.
  bool user_modules = true;
};

/// How format() prints: the letters of snmpwalk's -O option that choose among names and values.
class FormatOptions {
 public:
  FormatOptions() = default;
  /// Letters out of "0abeEfnqQsStTuUvxX", as in `snmpwalk -O nq`. Errors: usage, with the letter that is none of them.
  [[nodiscard]] static Result<FormatOptions> parse(std::string_view letters);
  [[nodiscard]] const std::string& letters() const noexcept { return letters_; }

 private:
  std::string letters_;
};

/// One variable for machines.
struct NamedValue {
  std::string name;  ///< "IF-MIB::ifOperStatus.1"; octets in an index are shown as in format()
  std::string oid;   ///< "1.3.6.1.2.1.2.2.1.8.1"
  std::string type;  ///< to_string(Type): "INTEGER", "Counter64", "OCTET STRING", "noSuchInstance"
  /// The value alone, without its unit: numbers in decimal, TimeTicks in hundredths of a second, an OID by its name,
  /// octets after their DISPLAY-HINT, else as text where they are text, else in hex ("00 1b ff"). Empty for an
  /// exception.
  std::string text;
  std::optional<std::string> label;  ///< "up", where the MIB enumerates the values
  friend bool operator==(const NamedValue&, const NamedValue&) = default;
};

/// The MIB tree, read by Net-SNMP's own parser so that names and texts are those of its tools.
///
/// Shape:  at most one at a time in a process, for the library has one tree; destroying it unloads the tree. Load once:
///         the library keeps some 5 kB of each tree that is unloaded.
/// Errors: Result; what is wrong in MIB files is logged, one warning a file, and the rest is read. Nothing else is
///         printed, no directory is made, no configuration is read.
/// Thread: the one that owns Net-SNMP (whoever first made a Names or an Engine); std::logic_error on any other.
/// Text:   all results are safe for a terminal: valid UTF-8 with no control characters but TAB, LF and CR before LF;
///         other octets appear as \xNN.
/// Source: RFC 2578 (names), RFC 2579 section 3.1 (DISPLAY-HINT).
class Names {
 public:
  /// Errors: config (our modules are in none of the places; a directory that $OCTOPOLL_MIBDIRS names is not there),
  /// internal (another Names lives).
  [[nodiscard]] static Result<std::unique_ptr<Names>> load(const NamesOptions& options = {});
  ~Names();
  Names(const Names&) = delete;
  Names& operator=(const Names&) = delete;

  /// What snmpwalk takes: "ifDescr", "IF-MIB::ifDescr.1", "system", "mib-2.2", ".1.3.6.1", "1.3.6.1", also
  /// ".iso.org.dod.internet". Where snmpwalk takes an unknown name for a pattern and walks the best match, this asks.
  /// An index may lie outside the range that the MIB gives it: agents have such rows.
  /// Errors: usage (no such name, or a wrong index), with the nearest names and the way to more modules.
  [[nodiscard]] Result<Oid> resolve(std::string_view text) const;

  /// The name of an OID: "IF-MIB::ifDescr.1"; numbers where the tree ends.
  [[nodiscard]] std::string name(const Oid& oid) const;

  /// The line that snmpwalk prints: "IF-MIB::ifOperStatus.1 = INTEGER: up(1)". May have several lines where a value
  /// has.
  [[nodiscard]] std::string format(const VarBind& variable, const FormatOptions& options = {}) const;

  /// The same in parts, for JSON and CSV.
  [[nodiscard]] NamedValue describe(const VarBind& variable) const;

 private:
  struct Impl;
  explicit Names(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll::snmp
