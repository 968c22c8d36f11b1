# SPDX-License-Identifier: Apache-2.0
# The installed package: find_package(fovea), link fovea::fovea, include <fovea/fovea.h>. Programs that only run a compiled network
# link fovea::runtime, which needs neither MLIR nor LLVM.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

foreach(folder ${fovea_folders} tflite onnx)
  set_target_properties(fovea_${folder} PROPERTIES EXPORT_NAME ${folder})
  install(TARGETS fovea_${folder} EXPORT fovea ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
install(EXPORT fovea NAMESPACE fovea:: FILE foveaTargets.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fovea)

# What a user includes holds no MLIR, nor what the formats' libraries generate.
install(FILES fovea/fovea.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea)
set(folders_of_mlir dialect passes codegen)
set(public_folders ${fovea_folders})
list(REMOVE_ITEM public_folders ${folders_of_mlir})
foreach(folder ${public_folders})
  install(DIRECTORY fovea/${folder} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea FILES_MATCHING PATTERN "*.h"
          PATTERN graph_implementation.h EXCLUDE PATTERN onnx_protobuf.h EXCLUDE PATTERN program EXCLUDE)
endforeach()
install(FILES fovea/codegen/options.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea/codegen)
install(FILES fovea/codegen/driver/compile.h fovea/codegen/driver/ahead_of_time.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea/codegen/driver)

configure_package_config_file(cmake/foveaConfig.cmake.in ${PROJECT_BINARY_DIR}/foveaConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fovea)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/foveaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/foveaConfig.cmake ${PROJECT_BINARY_DIR}/foveaConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fovea)
