# The installed package: find_package(fovea), link fovea::fovea, include <fovea/fovea.h>. Programs that only run a compiled network
# link fovea::runtime, which needs neither MLIR nor LLVM.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(stages core dialect passes runtime codegen nn models data formats quant train)
foreach(stage ${stages})
  set_target_properties(fovea_${stage} PROPERTIES EXPORT_NAME ${stage})
  install(TARGETS fovea_${stage} EXPORT fovea ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
install(EXPORT fovea NAMESPACE fovea:: FILE foveaTargets.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fovea)

# What a user includes holds no MLIR.
install(FILES fovea/fovea.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea)
foreach(stage core runtime nn models data formats quant train)
  install(DIRECTORY fovea/${stage} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea FILES_MATCHING PATTERN "*.h")
endforeach()
install(FILES fovea/dialect/graph.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea/dialect)
install(FILES fovea/codegen/compile.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/fovea/codegen)

configure_package_config_file(cmake/foveaConfig.cmake.in ${PROJECT_BINARY_DIR}/foveaConfig.cmake
                              INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fovea)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/foveaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/foveaConfig.cmake ${PROJECT_BINARY_DIR}/foveaConfigVersion.cmake
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/fovea)
