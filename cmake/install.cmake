# SPDX-License-Identifier: Apache-2.0
# The installed package: find_package(fovea), link fovea::fovea, include <fovea/fovea.h>. Programs that only run a compiled
# network link fovea::runtime, which needs neither MLIR nor LLVM.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

foreach(folder ${fovea_folders} tflite onnx)
  set_target_properties(fovea_${folder} PROPERTIES EXPORT_NAME ${folder})
  install(TARGETS fovea_${folder} EXPORT fovea ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
endforeach()
install(EXPORT fovea NAMESPACE fovea:: FILE foveaTargets.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fovea COMPONENT development)

# Installed headers include neither MLIR nor the generated classes of file formats.
install(FILES fovea/fovea.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea COMPONENT development)
set(folders_of_mlir dialect passes codegen)
set(public_folders ${fovea_folders})
list(REMOVE_ITEM public_folders ${folders_of_mlir})
foreach(folder ${public_folders})
  install(DIRECTORY fovea/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea COMPONENT development FILES_MATCHING PATTERN "*.h"
          PATTERN "vulkan_*.h" EXCLUDE PATTERN pipeline_cache.h EXCLUDE PATTERN graph_implementation.h EXCLUDE PATTERN onnx_protobuf.h EXCLUDE PATTERN program EXCLUDE)
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/fovea/graph/OperatorStructs.h.inc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea/graph COMPONENT development)
install(FILES fovea/passes/network/dequantize.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea/passes/network COMPONENT development)
install(FILES fovea/codegen/options.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea/codegen COMPONENT development)
install(FILES fovea/codegen/driver/compile.h fovea/codegen/driver/ahead_of_time.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea/codegen/driver COMPONENT development)

configure_package_config_file(cmake/foveaConfig.cmake.in ${PROJECT_BINARY_DIR}/foveaConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fovea)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/foveaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/foveaConfig.cmake ${PROJECT_BINARY_DIR}/foveaConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fovea COMPONENT development)

# The Debian packages of ./dev package: fovea, the program; libfovea-dev, the libraries, headers and CMake package.
# The maintainer is whoever builds a package, as these two variables of Debian's tools name them.
set(maintainer "The fovea authors <fovea@localhost>")
if(DEFINED ENV{DEBFULLNAME} AND DEFINED ENV{DEBEMAIL})
  set(maintainer "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(manual ${PROJECT_BINARY_DIR}/package)
configure_file(cmake/debian/changelog.in ${manual}/changelog.Debian @ONLY)
add_custom_command(OUTPUT ${manual}/fovea.1.gz
  COMMAND ${CMAKE_COMMAND} -E make_directory ${manual}
  COMMAND sh -c "'$<TARGET_FILE:fovea>' manual | gzip -9n > fovea.1.gz && '$<TARGET_FILE:fovea>' completion bash > fovea.bash && '$<TARGET_FILE:fovea>' completion zsh > _fovea && '$<TARGET_FILE:fovea>' completion fish > fovea.fish && gzip -9nc '${PROJECT_SOURCE_DIR}/CHANGELOG.md' > changelog.gz && gzip -9nc changelog.Debian > changelog.Debian.gz"
  WORKING_DIRECTORY ${manual} DEPENDS fovea ${PROJECT_SOURCE_DIR}/CHANGELOG.md ${manual}/changelog.Debian VERBATIM)
add_custom_target(package_files DEPENDS ${manual}/fovea.1.gz)
install(FILES ${manual}/fovea.1.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/man/man1 COMPONENT program OPTIONAL)
install(FILES ${manual}/fovea.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME fovea COMPONENT program OPTIONAL)
install(FILES ${manual}/_fovea DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT program OPTIONAL)
install(FILES ${manual}/fovea.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT program OPTIONAL)
foreach(part program:fovea development:libfovea-dev)
  string(REGEX REPLACE ":.*" "" component ${part})
  string(REGEX REPLACE ".*:" "" name ${part})
  install(FILES ${manual}/changelog.gz ${manual}/changelog.Debian.gz DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component} OPTIONAL)
  install(FILES cmake/debian/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
endforeach()
install(FILES cmake/debian/fovea.lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME fovea COMPONENT program)
install(FILES cmake/debian/libfovea-dev.lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME libfovea-dev
        COMPONENT development)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME fovea)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "${maintainer}")
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL program development)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME fovea)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "libheif1")
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "clang-19, lld-19, openmpi-bin")
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION "convolutional networks, from pixels to the edge
Defines, trains and measures image classifiers, turns them into 8-bit
integers, reads and writes .tflite and .onnx files, and compiles networks
for devices. Machine code is made by MLIR and LLVM.")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libfovea-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libmlir-19-dev, llvm-19-dev, libfmt-dev, nlohmann-json3-dev, libtomlplusplus-dev, libpng-dev, libjpeg-dev, libwebp-dev, zlib1g-dev, libcurl4-openssl-dev, libarchive-dev, libssl-dev, libonnx-dev, libprotobuf-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "convolutional networks, from pixels to the edge (development files)
The libraries behind the program fovea, with headers that include no MLIR
and a CMake package, fovea::fovea.")
include(CPack)
