// RUN: fovea-opt %s --fovea-emit-gpu --fovea-lower-to-spirv | FileCheck %s
// RUN: fovea-opt %s --fovea-emit-gpu | fovea-opt --fovea-lower-to-spirv | FileCheck %s

// Only what the kernel needs is required, functions that SPIR-V lacks are polynomials, and truth values are bytes.
// CHECK: spirv.module @__spv__kernel Logical GLSL450 requires #spirv.vce<v1.0, [Shader, StorageBuffer8BitAccess, Int8], [SPV_KHR_storage_buffer_storage_class, SPV_KHR_8bit_storage]>
// CHECK: spirv.GlobalVariable @kernel_arg_0 bind(0, 0) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<f32, stride=4> [0])>, StorageBuffer>
// CHECK: spirv.GlobalVariable @kernel_arg_1 bind(0, 1) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<i8, stride=1> [0])>, StorageBuffer>
// CHECK: spirv.GlobalVariable @kernel_arg_2 bind(0, 2) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<i32, stride=4> [0])>, StorageBuffer>
// CHECK-NOT: math.
// CHECK: spirv.GL.Fma
// CHECK: spirv.FOrdGreaterThan
// CHECK: spirv.EntryPoint "GLCompute" @kernel
// CHECK: spirv.ExecutionMode @kernel "LocalSize", 256, 1, 1
func.func @kernel(%x: tensor<8xf32>) -> tensor<8xi1> attributes {fovea.kernel} {
  %half = arith.constant 0.5 : f32
  %empty = tensor.empty() : tensor<8xi1>
  %y = linalg.generic {indexing_maps = [affine_map<(m) -> (m)>, affine_map<(m) -> (m)>], iterator_types = ["parallel"]}
      ins(%x : tensor<8xf32>) outs(%empty : tensor<8xi1>) {
  ^bb0(%a: f32, %unused: i1):
    %e = math.erf %a : f32
    %s = arith.cmpf ogt, %e, %half : f32
    linalg.yield %s : i1
  } -> tensor<8xi1>
  return %y : tensor<8xi1>
}
