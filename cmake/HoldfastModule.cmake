# holdfast_module(NAME [RELAXED] [DEPS target...] [TEST_DEPS target...])
#
# Declares the module in the current folder:
#   *.cc        -> static library hf_NAME
#   *_test.cc   -> GoogleTest binary NAME_test, registered with CTest under the label "unit"
#   *_fuzz.cc   -> one libFuzzer binary each (NAME of the file), only with HOLDFAST_FUZZ
# RELAXED modules (platform/, app/, cli/) may use exceptions and RTTI for the libraries they wrap; all others are
# compiled without. Tests are always compiled with both, because GoogleTest wants them.
if(HOLDFAST_TESTS)
  include(GoogleTest)
  find_package(GTest REQUIRED)
endif()
find_package(Threads REQUIRED)

function(holdfast_module NAME)
  cmake_parse_arguments(ARG "RELAXED" "" "DEPS;TEST_DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  if(ARG_RELAXED)
    set(options holdfast_options)
  else()
    set(options holdfast_strict)
  endif()

  if(sources)
    add_library(hf_${NAME} STATIC ${sources})
    target_link_libraries(hf_${NAME} PRIVATE ${options} PUBLIC ${ARG_DEPS})
    target_include_directories(hf_${NAME} PUBLIC "${CMAKE_SOURCE_DIR}/src")
    set(link hf_${NAME})
  else()
    add_library(hf_${NAME} INTERFACE)
    target_link_libraries(hf_${NAME} INTERFACE ${ARG_DEPS})
    target_include_directories(hf_${NAME} INTERFACE "${CMAKE_SOURCE_DIR}/src")
    set(link hf_${NAME})
  endif()

  if(tests AND HOLDFAST_TESTS)
    add_executable(${NAME}_test ${tests})
    target_link_libraries(${NAME}_test PRIVATE holdfast_options ${link} ${ARG_TEST_DEPS} GTest::gtest GTest::gmock
      GTest::gtest_main Threads::Threads)
    gtest_discover_tests(${NAME}_test PROPERTIES LABELS unit TIMEOUT 120 DISCOVERY_MODE PRE_TEST)
  endif()

  if(fuzzers AND HOLDFAST_FUZZ)
    foreach(file ${fuzzers})
      get_filename_component(fuzz ${file} NAME_WE)
      add_executable(${fuzz} ${file})
      target_link_libraries(${fuzz} PRIVATE holdfast_options ${link} ${ARG_TEST_DEPS} Threads::Threads)
      target_link_options(${fuzz} PRIVATE -fsanitize=fuzzer)
      set_property(GLOBAL APPEND PROPERTY HOLDFAST_FUZZERS ${fuzz})
    endforeach()
  endif()
endfunction()
