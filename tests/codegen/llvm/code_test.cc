// SPDX-License-Identifier: Apache-2.0
// What kernels become: multiply-adds on whole vectors, no allocations, no calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "tests/codegen/kernel/kernel_run.h"
#include "tests/codegen/kernel/kernel_text.h"

namespace fovea {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string stage(const std::string& text, const char* name, const Target& target) {
  return lower_kernel(ParsedKernel(text).function(), name, target);
}

std::vector<std::string> contractions() {
  const ConvolutionCase conv{
      .batch = 2, .size = {14, 14}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}, .in = 64, .out = 64};
  ConvolutionCase strided = conv;
  strided.stride = {2, 2};
  return {forward_text(conv, Epilogue::bias_relu),
          forward_text(strided, Epilogue::residual),
          input_gradient_text(conv),
          filter_gradient_text(conv),
          filter_gradient_text(strided),
          dense_text(64, 512, 784, false, false, Epilogue::bias_relu),
          dense_text(64, 784, 512, false, true),
          dense_text(784, 512, 64, true, false)};
}

TEST(Code, ContractionsAreMultiplyAddsOfVectors) {
  for (const NamedTarget& target : test_targets()) {
    for (const std::string& text : contractions()) {
      SCOPED_TRACE(target.name + "\n" + text);
      const std::string vectors = stage(text, "vectors", target.target);
      EXPECT_THAT(vectors, HasSubstr("vector.fma"));
      EXPECT_THAT(vectors, Not(HasSubstr("memref.alloc(")));
      EXPECT_THAT(vectors, Not(HasSubstr("memref.copy")));
      EXPECT_THAT(vectors, Not(HasSubstr("linalg.")));
      EXPECT_FALSE(std::regex_search(vectors, std::regex("arith\\.(mulf|addf)[^\\n]*: f32"))) << "scalar arithmetic is left";
      const std::string assembly = stage(text, "assembly", target.target);
      EXPECT_THAT(assembly, HasSubstr("vfmadd"));
      EXPECT_THAT(assembly, HasSubstr(target.target.vector_bytes == 64 ? "zmm" : "ymm"));
    }
  }
}

TEST(Code, DepthwiseIsMultiplyAddsOfVectors) {
  const ConvolutionCase conv{
      .batch = 1, .size = {14, 14}, .kernel = {3, 3}, .low = {1, 1}, .high = {1, 1}, .in = 1, .out = 1, .groups = 64};
  for (const std::string& text : {depthwise_text(conv, Epilogue::bias_relu), depthwise_filter_gradient_text(conv)}) {
    const std::string assembly = stage(text, "assembly", test_targets()[0].target);
    EXPECT_THAT(assembly, HasSubstr("vfmadd"));
    EXPECT_FALSE(std::regex_search(assembly, std::regex("vfmadd[0-9]+ss"))) << "scalar multiply-adds in\n" << text;
  }
}

// The functions that the LLVM stage calls, without intrinsics.
std::set<std::string> called(const std::string& llvm) {
  std::set<std::string> names;
  const std::regex call("call [^@\\n]*@([A-Za-z0-9_.]+)\\(");
  for (std::sregex_iterator it(llvm.begin(), llvm.end(), call), end; it != end; ++it)
    if (const std::string name = (*it)[1]; name.rfind("llvm.", 0) != 0) names.insert(name);
  return names;
}

TEST(Code, ActivationsCallNothing) {
  const std::vector<std::string> bodies{
      "%y = math.exp %i0 : f32\nyield %y",
      "%y = math.tanh %i0 : f32\nyield %y",
      "%y = math.log %i0 : f32\nyield %y",
      "%y = math.erf %i0 : f32\nyield %y",
      "%y = math.sqrt %i0 : f32\nyield %y",
      "%y = math.rsqrt %i0 : f32\nyield %y",
      "%one = arith.constant 1.0 : f32\n%m = arith.negf %i0 : f32\n%e = math.exp %m : f32\n%d = arith.addf %one, %e : f32\n"
      "%y = arith.divf %i0, %d : f32\nyield %y"};
  for (const NamedTarget& target : test_targets()) {
    for (const std::string& body : bodies) {
      for (const Sizes& shape : std::vector<Sizes>{{16, 64}, {3, 17}}) {
        SCOPED_TRACE(target.name + "\n" + body);
        KernelText k;
        const std::string x = k.argument(shape);
        k.returns({k.elementwise({{x, ""}}, shape, body)});
        const std::set<std::string> names = called(stage(k.text(), "llvm", target.target));
        EXPECT_TRUE(names.empty() || names == std::set<std::string>{"tiles_kernel"}) << testing::PrintToString(names);
      }
    }
  }
}

// The mask of a relu: where the activation, stored as bf16, is above zero.
TEST(Code, MasksOfBf16AreVectors) {
  KernelText kernel;
  const std::string gradient = kernel.argument({64, 256}, "bf16"), activation = kernel.argument({64, 256}, "bf16");
  kernel.returns({kernel.elementwise({{gradient, ""}, {activation, ""}}, {64, 256},
                                     "%zero = arith.constant 0.0 : f32\n%g = arith.extf %i0 : bf16 to f32\n"
                                     "%a = arith.extf %i1 : bf16 to f32\n%c = arith.cmpf ogt, %a, %zero : f32\n"
                                     "%s = arith.select %c, %g, %zero : f32\n%r = arith.truncf %s : f32 to bf16\nyield %r",
                                     "bf16")});
  for (const NamedTarget& target : test_targets()) {
    const std::string assembly = stage(kernel.text(), "assembly", target.target);
    EXPECT_THAT(assembly, Not(HasSubstr("comiss"))) << target.name;
    EXPECT_THAT(assembly, Not(HasSubstr("pextrw"))) << target.name;
  }
}

TEST(Code, KernelsCallNothingOutside) {
  std::vector<std::string> texts = contractions();
  texts.push_back(row_reduction_text({32, 10}, RowReduction::exp_sum));
  // Channels and rows that leave less than a vector.
  texts.push_back(row_reduction_text({9, 1000}, RowReduction::two_sums));
  texts.push_back(forward_text({.batch = 1, .size = {9, 9}, .kernel = {3, 3}, .in = 5, .out = 17}, Epilogue::bias_relu));
  texts.push_back(dense_text(33, 33, 31, true, true));
  texts.push_back(pool_text({.batch = 2, .size = {8, 8}, .kernel = {2, 2}, .stride = {2, 2}, .in = 32}, Pool::argmax));
  for (const std::string& text : texts) {
    const std::set<std::string> names = called(stage(text, "llvm", test_targets()[0].target));
    EXPECT_TRUE(names.empty() || names == std::set<std::string>{"tiles_kernel"}) << testing::PrintToString(names) << "\n"
                                                                                 << text;
  }
}

}  // namespace
}  // namespace fovea
