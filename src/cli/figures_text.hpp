#pragma once
// The figures of a run, for reading.

#include <string>
#include <vector>

#include "octopoll/poll/figures.hpp"
#include "octopoll/store/writer.hpp"

namespace octopoll::cli {

/// One line each, without a newline: a heading, and what was counted below it.
[[nodiscard]] std::vector<std::string> figures_lines(const poll::Figures& figures,
                                                     const store::WriterStatistics& stored);

/// The last line of a run.
[[nodiscard]] std::string figures_headline(const poll::Figures& figures, const store::WriterStatistics& stored);

}  // namespace octopoll::cli
