# What programs that poll allocate with. glibc splits and joins a chunk for each 64 kB buffer that Net-SNMP takes for a
# datagram, and locks for whatever the store's thread frees; tcmalloc keeps both at hand (docs/performance.md). Without
# it all works the same, and costs more. Sanitizers bring their own.
option(OCTOPOLL_TCMALLOC "Allocate with tcmalloc where it is installed" ON)

add_library(octopoll_allocator INTERFACE)
if(OCTOPOLL_TCMALLOC AND NOT OCTOPOLL_SANITIZE)
  find_library(TCMALLOC_LIBRARY tcmalloc_minimal)
  if(TCMALLOC_LIBRARY)
    target_link_libraries(octopoll_allocator INTERFACE ${TCMALLOC_LIBRARY})
  else()
    message(STATUS "tcmalloc_minimal is not installed (libgoogle-perftools-dev): polling will cost more CPU")
  endif()
endif()
