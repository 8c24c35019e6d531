# One set of flags for every target of ours, gcc and clang alike.
add_library(nusku_flags INTERFACE)
target_compile_definitions(nusku_flags INTERFACE _GNU_SOURCE NUSKU_VERSION="${PROJECT_VERSION}")
target_compile_options(nusku_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
  -Wno-missing-field-initializers # designated initialisers leave the rest zero on purpose
  -Werror -fno-omit-frame-pointer -fstack-protector-strong)
target_link_options(nusku_flags INTERFACE -Wl,-z,relro,-z,now)
target_include_directories(nusku_flags INTERFACE ${PROJECT_SOURCE_DIR})
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT SANITIZE)
  target_compile_definitions(nusku_flags INTERFACE _FORTIFY_SOURCE=2)
endif()

if(SANITIZE)
  target_compile_options(nusku_flags INTERFACE -fsanitize=${SANITIZE} -fno-sanitize-recover=all)
  target_link_options(nusku_flags INTERFACE -fsanitize=${SANITIZE})
endif()
if(FUZZ)
  target_compile_options(nusku_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
