// SPDX-License-Identifier: Apache-2.0
#include "fovea/codegen/llvm/linker.h"

#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/Support/MemoryBuffer.h>

#include "fovea/core/error.h"

namespace fovea {
namespace {

template <typename T>
T expect(llvm::Expected<T> value, const char* what) {
  if (!value) fail("{}: {}", what, llvm::toString(value.takeError()));
  return std::move(*value);
}

}  // namespace

std::map<std::string, KernelFunction> link_objects(const std::map<std::string, std::string>& objects,
                                                   std::shared_ptr<void>& code) {
  llvm::orc::LLJITBuilder builder;
  builder.setObjectLinkingLayerCreator([](llvm::orc::ExecutionSession& session, const llvm::Triple&) {
    return std::make_unique<llvm::orc::ObjectLinkingLayer>(session);
  });
  std::shared_ptr<llvm::orc::LLJIT> jit = expect(builder.create(), "cannot start the linker");
  // Kernels may call libm and memcpy of this process.
  jit->getMainJITDylib().addGenerator(
      expect(llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(jit->getDataLayout().getGlobalPrefix()),
             "cannot see this process's symbols"));
  for (const auto& [name, object] : objects)
    if (llvm::Error error = jit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(object, name)))
      fail("cannot link a kernel: {}", llvm::toString(std::move(error)));
  std::map<std::string, KernelFunction> linked;
  for (const auto& [name, object] : objects)
    linked[name] = expect(jit->lookup(name), "a compiled kernel has no entry").toPtr<KernelFunction>();
  code = jit;
  return linked;
}

}  // namespace fovea
