# Compiler flags shared by every target of the project. Presets turn warnings into errors; packagers do not.
option(CDI_WERROR "Treat warnings as errors" OFF)
set(CDI_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= takes them: address,undefined or thread")

add_library(cdi_options INTERFACE)
target_compile_options(cdi_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast
  $<$<BOOL:${CDI_WERROR}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # g++ 12 warns of overlapping copies inside std::string's own operator+ when it optimises (GCC bug 105651, fixed in 13).
  target_compile_options(cdi_options INTERFACE -Wno-restrict)
endif()

if(CDI_SANITIZE)
  target_compile_options(cdi_options INTERFACE
    -fsanitize=${CDI_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(cdi_options INTERFACE -fsanitize=${CDI_SANITIZE})
else()
  target_compile_options(cdi_options INTERFACE -fstack-protector-strong
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>)
  target_compile_definitions(cdi_options INTERFACE _GLIBCXX_ASSERTIONS)
  target_link_options(cdi_options INTERFACE -Wl,-z,relro,-z,now)
endif()
