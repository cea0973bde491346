# Flags that every target of ours gets: the warnings, and the sanitizers of the chosen preset.
add_library(octopoll_flags INTERFACE)
target_compile_options(octopoll_flags INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
if(OCTOPOLL_WERROR)
  target_compile_options(octopoll_flags INTERFACE -Werror)
endif()
if(OCTOPOLL_SANITIZE)
  target_compile_options(octopoll_flags INTERFACE -fsanitize=${OCTOPOLL_SANITIZE} -fno-omit-frame-pointer
                                                  -fno-sanitize-recover=all)
  target_link_options(octopoll_flags INTERFACE -fsanitize=${OCTOPOLL_SANITIZE})
  # g++ takes what the sanitizers add for paths on which a variant's other members are read (its manual, -fsanitize=).
  target_compile_options(octopoll_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
endif()
