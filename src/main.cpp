#include "cli/command.hpp"

int main(int argc, char** argv) { return octopoll::cli::dispatch(argc, argv); }
