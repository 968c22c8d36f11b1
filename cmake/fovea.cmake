# SPDX-License-Identifier: Apache-2.0
# How all parts of the project are built: warnings are errors, and each folder is a static library.

add_library(fovea_warnings INTERFACE)
if(NOT FOVEA_FUZZ)  # clang's additional warnings are for ./dev lint
  target_compile_options(fovea_warnings INTERFACE -Wall -Wextra -Werror -Wno-missing-field-initializers)
endif()
if(FOVEA_SANITIZE)
  # GCC's flow warnings are wrong in instrumented code (std::regex, std::string); the release build keeps them.
  if(NOT FOVEA_FUZZ)
    target_compile_options(fovea_warnings INTERFACE -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)
  endif()
  add_compile_options(-fsanitize=address,undefined -fno-omit-frame-pointer -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
  if(FOVEA_FUZZ)
    set(ignored ${PROJECT_SOURCE_DIR}/cmake/sanitizer_ignorelist.txt)
    add_compile_options(-fsanitize-ignorelist=${ignored} -fsanitize-coverage-ignorelist=${ignored})
  endif()
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${PROJECT_SOURCE_DIR}/cmake/cached_compiler ${PROJECT_SOURCE_DIR})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_C_COMPILER_LAUNCHER})
endif()

# LLVM's linker takes a sixth of the time of the system's.
find_program(LLD ld.lld HINTS ${LLVM_TOOLS_BINARY_DIR})
if(LLD)
  cmake_path(GET LLD PARENT_PATH lld_folder)
  add_link_options(-B${lld_folder} -fuse-ld=lld)
endif()

# For code that includes MLIR: its headers are system headers, so that their warnings do not count, and are precompiled once.
add_library(fovea_mlir INTERFACE)
function(fovea_use_mlir target)
  target_include_directories(${target} SYSTEM PRIVATE ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  # -O1 is enough, because these files run once for each compiled program, and half of their build time is the optimizer.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1> -fno-semantic-interposition -fPIC -fpch-preprocess -Wno-unused-parameter)
  if(TARGET fovea_mlir_header AND NOT target STREQUAL fovea_mlir_header)
    target_precompile_headers(${target} REUSE_FROM fovea_mlir_header)
  endif()
endfunction()

# fovea_precompile(NAME HEADER libraries...): a header that targets without MLIR share by fovea_use_header(TARGET NAME). Paths
# are relative to the project's folder. Everything is compiled with -fPIC, because a precompiled header only serves files with
# the same options.
function(fovea_precompile name header)
  add_library(${name} OBJECT ${PROJECT_SOURCE_DIR}/${header}.cc)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE fovea_warnings ${ARGN})
  target_compile_options(${name} PRIVATE -fPIC)
  target_precompile_headers(${name} PRIVATE <${header}.h>)
endfunction()
function(fovea_use_header target name)
  target_compile_options(${target} PRIVATE -fPIC)
  target_precompile_headers(${target} REUSE_FROM ${name})
endfunction()
fovea_precompile(fovea_standard_header cmake/headers/standard fmt::fmt)

# fovea_library(NAME [MLIR] [BRIEF] [FOLDER folder] [EXCEPT folders...] LINK libraries...): builds all sources of FOLDER
# (fovea/NAME) and the folders below it, without those after EXCEPT, as the static library fovea_NAME. BRIEF is for code that
# runs once for a network or a file and not for every pixel: it is compiled with -O1, which takes a third less time.
function(fovea_library name)
  cmake_parse_arguments(ARG "MLIR;BRIEF" "FOLDER" "LINK;EXCEPT" ${ARGN})
  if(NOT ARG_FOLDER)
    set(ARG_FOLDER fovea/${name})
  endif()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${ARG_FOLDER}/*.cc)
  foreach(folder ${ARG_EXCEPT})
    list(FILTER sources EXCLUDE REGEX "/${ARG_FOLDER}/${folder}/")
  endforeach()
  if(sources)
    add_library(fovea_${name} STATIC ${sources})
    target_include_directories(fovea_${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}> $<INSTALL_INTERFACE:include>)
    target_link_libraries(fovea_${name} PUBLIC ${ARG_LINK} PRIVATE $<BUILD_INTERFACE:fovea_warnings>)
    if(ARG_MLIR)
      fovea_use_mlir(fovea_${name})
      target_link_libraries(fovea_${name} PUBLIC MLIR LLVM)
    else()
      fovea_use_header(fovea_${name} fovea_standard_header)
    endif()
    if(ARG_BRIEF)
      target_compile_options(fovea_${name} PRIVATE $<$<CONFIG:Release>:-O1>)
    endif()
  else()
    add_library(fovea_${name} INTERFACE)
    target_link_libraries(fovea_${name} INTERFACE ${ARG_LINK})
  endif()
endfunction()

# fovea_embed_schedule(TARGET FILE): writes the schedule as a C++ string, and a digest of the code generator's sources, which is
# part of the key of every cached kernel.
function(fovea_embed_schedule target file)
  set(folder ${PROJECT_SOURCE_DIR}/fovea/codegen)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${folder}/*.cc ${folder}/*.h)
  cmake_path(GET file PARENT_PATH place)
  set(header ${PROJECT_BINARY_DIR}/${place}/schedule_text.h)
  add_custom_command(OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${header} -DSCHEDULE=${PROJECT_SOURCE_DIR}/${file} -DFOLDER=${folder} -P ${PROJECT_SOURCE_DIR}/cmake/codegen_text.cmake
    DEPENDS ${sources} ${PROJECT_SOURCE_DIR}/${file} ${PROJECT_SOURCE_DIR}/cmake/codegen_text.cmake VERBATIM)
  target_sources(${target} PRIVATE ${header})
endfunction()

# fovea_tflite_schemas(TARGET FOLDER): generates C++ from the parts of TensorFlow Lite's schemas in FOLDER.
function(fovea_tflite_schemas target folder)
  foreach(name schema metadata)
    set(schema ${PROJECT_SOURCE_DIR}/${folder}/${name}.fbs)
    set(header ${PROJECT_BINARY_DIR}/${folder}/${name}_generated.h)
    add_custom_command(OUTPUT ${header}
      COMMAND ${FLATC} --cpp --scoped-enums --gen-object-api -o ${PROJECT_BINARY_DIR}/${folder} ${schema} DEPENDS ${schema} VERBATIM)
    target_sources(${target} PRIVATE ${header})
  endforeach()
endfunction()
