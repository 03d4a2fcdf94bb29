# Compiler settings shared by every target.
add_library(holdfast_options INTERFACE)
target_compile_features(holdfast_options INTERFACE cxx_std_23)
target_include_directories(holdfast_options INTERFACE "${CMAKE_SOURCE_DIR}/src")
target_compile_options(holdfast_options INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wimplicit-fallthrough -Werror=return-type -Werror=unused-result
  -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(holdfast_options INTERFACE _FILE_OFFSET_BITS=64)
# Paths in binaries are relative to the checkout: equal builds wherever it lies, and equal ccache keys.
target_compile_options(holdfast_options INTERFACE "-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.")

if(HOLDFAST_SANITIZE)
  # vptr checks want the typeinfo of every class, which layers compiled without RTTI do not have.
  target_compile_options(holdfast_options INTERFACE
    -fsanitize=${HOLDFAST_SANITIZE} -fno-sanitize=vptr -fno-sanitize-recover=all)
  target_link_options(holdfast_options INTERFACE -fsanitize=${HOLDFAST_SANITIZE})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_definitions(holdfast_options INTERFACE _FORTIFY_SOURCE=2)
endif()
if(HOLDFAST_FUZZ)
  # Coverage instrumentation everywhere; only the fuzz binaries link libFuzzer's main.
  target_compile_options(holdfast_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(holdfast_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Layers below platform/ throw nothing and use no RTTI (docs/ARCHITECTURE.md).
add_library(holdfast_strict INTERFACE)
target_link_libraries(holdfast_strict INTERFACE holdfast_options)
target_compile_options(holdfast_strict INTERFACE -fno-exceptions -fno-rtti)

find_program(HOLDFAST_MOLD NAMES mold)
if(HOLDFAST_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_link_options(-fuse-ld=mold)
endif()
find_program(HOLDFAST_CCACHE NAMES ccache)
if(HOLDFAST_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HOLDFAST_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${HOLDFAST_CCACHE})
endif()
