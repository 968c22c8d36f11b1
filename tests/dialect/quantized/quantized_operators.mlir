// RUN: fovea-opt %s | fovea-opt | FileCheck %s
// The text of integer operators passes through the parser and the printer unchanged.

!u8 = !quant.uniform<u8:f32, 5.000000e-01:128>
!i8 = !quant.uniform<i8:f32, 2.500000e-01:-3>
!filter = !quant.uniform<i8:f32:3, {5.000000e-01,2.500000e-01}>
!bias = !quant.uniform<i32:f32:0, {2.500000e-01,1.250000e-01}>
!i8w = !quant.uniform<i8:f32, 1.250000e-01>
!probability = !quant.uniform<u8:f32, 3.906250e-03>

// CHECK-LABEL: func.func @contractions
func.func @contractions(%x: tensor<1x8x8x3x!u8>, %w: tensor<3x3x3x2x!filter>, %b: tensor<2x!bias>, %d: tensor<1x4x!i8>, %m: tensor<4x2x!i8w>, %plain: tensor<2xi32>) {
  // CHECK: fovea.quantized_conv %{{.*}} {activation = "relu6", output = !quant.uniform<u8:f32, 2.500000e-01>, padding = "same", rounding = "double", strides = array<i64: 2>} : (tensor<1x8x8x3x!quant.uniform<u8:f32, 5.000000e-01:128>>, tensor<3x3x3x2x!quant.uniform<i8:f32:3, {5.000000e-01,2.500000e-01}>>, tensor<2x!quant.uniform<i32:f32:0, {2.500000e-01,1.250000e-01}>>) -> tensor<1x4x4x2x!quant.uniform<u8:f32, 2.500000e-01>>
  %y = fovea.quantized_conv %x, %w, %b {activation = "relu6", output = !quant.uniform<u8:f32, 0.25>, padding = "same", rounding = "double", strides = array<i64: 2>} : (tensor<1x8x8x3x!u8>, tensor<3x3x3x2x!filter>, tensor<2x!bias>) -> tensor<1x4x4x2x!quant.uniform<u8:f32, 0.25>>
  // CHECK: fovea.quantized_dense {{.*}} {output = !quant.uniform<i8:f32, 1.000000e+00:5>}
  %z = fovea.quantized_dense %d, %m, %plain {output = !quant.uniform<i8:f32, 1.0:5>} : (tensor<1x4x!i8>, tensor<4x2x!i8w>, tensor<2xi32>) -> tensor<1x2x!quant.uniform<i8:f32, 1.0:5>>
  return
}

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<1x4x4x3x!i8>, %y: tensor<3x!i8>, %r: tensor<1x10xf32>, %l: tensor<1x10x!u8>) {
  // CHECK: fovea.quantized_add {{.*}} {activation = "relu", output = !quant.uniform<i8:f32, 2.500000e-01:-3>}
  %a = fovea.quantized_add %x, %y {activation = "relu", output = !i8} : (tensor<1x4x4x3x!i8>, tensor<3x!i8>) -> tensor<1x4x4x3x!i8>
  // CHECK: fovea.quantized_sub
  %s = fovea.quantized_sub %x, %y {output = !i8} : (tensor<1x4x4x3x!i8>, tensor<3x!i8>) -> tensor<1x4x4x3x!i8>
  // CHECK: fovea.quantized_mul
  %m = fovea.quantized_mul %x, %y {output = !i8} : (tensor<1x4x4x3x!i8>, tensor<3x!i8>) -> tensor<1x4x4x3x!i8>
  // CHECK: fovea.quantized_activation {{.*}} {alpha = 1.000000e-01 : f64, function = "leaky_relu", output = !quant.uniform<i8:f32, 2.500000e-01:-3>}
  %f = fovea.quantized_activation %x {alpha = 0.1 : f64, function = "leaky_relu", output = !i8} : (tensor<1x4x4x3x!i8>) -> tensor<1x4x4x3x!i8>
  // CHECK: fovea.quantize {{.*}} {output = !quant.uniform<u8:f32, 5.000000e-01:128>} : (tensor<1x10xf32>)
  %q = fovea.quantize %r {output = !u8} : (tensor<1x10xf32>) -> tensor<1x10x!u8>
  // CHECK: fovea.dequantize
  %d = fovea.dequantize %q : (tensor<1x10x!u8>) -> tensor<1x10xf32>
  // CHECK: fovea.quantized_softmax {{.*}} {beta = 2.000000e+00 : f64, output = !quant.uniform<u8:f32, 3.906250e-03>}
  %p = fovea.quantized_softmax %l {beta = 2.0 : f64, output = !probability} : (tensor<1x10x!u8>) -> tensor<1x10x!probability>
  return
}

// CHECK-LABEL: func.func @images
func.func @images(%x: tensor<1x4x4x3x!i8>) {
  // CHECK: fovea.quantized_average_pool {{.*}} {padding = "same", window = array<i64: 2, 2>}
  %a = fovea.quantized_average_pool %x {padding = "same", window = array<i64: 2, 2>} : (tensor<1x4x4x3x!i8>) -> tensor<1x2x2x3x!i8>
  // CHECK: fovea.quantized_mean {{.*}} {dims = array<i64: 1, 2>, keep_dims = true, output = !quant.uniform<i8:f32, 2.500000e-01:-3>}
  %m = fovea.quantized_mean %x {dims = array<i64: 1, 2>, keep_dims = true, output = !i8} : (tensor<1x4x4x3x!i8>) -> tensor<1x1x1x3x!i8>
  // CHECK: fovea.resize {{.*}} {half_pixel_centers = true, method = "bilinear", size = array<i64: 8, 8>}
  %r = fovea.resize %x {half_pixel_centers = true, method = "bilinear", size = array<i64: 8, 8>} : (tensor<1x4x4x3x!i8>) -> tensor<1x8x8x3x!i8>
  // CHECK: fovea.max_pool {{.*}} -> (tensor<1x2x2x3x!quant.uniform<i8:f32, 2.500000e-01:-3>>, tensor<1x2x2x3xi32>)
  %p, %tap = fovea.max_pool %x {window = array<i64: 2, 2>} : (tensor<1x4x4x3x!i8>) -> (tensor<1x2x2x3x!i8>, tensor<1x2x2x3xi32>)
  // CHECK: fovea.pad {{.*}} -> tensor<1x6x4x3x!quant.uniform<i8:f32, 2.500000e-01:-3>>
  %b = fovea.pad %x {padding = array<i64: 0, 0, 1, 1, 0, 0, 0, 0>} : (tensor<1x4x4x3x!i8>) -> tensor<1x6x4x3x!i8>
  return
}

// CHECK-LABEL: func.func @by_another_rule
func.func @by_another_rule(%x: tensor<1x4x4x3x!i8>, %r: tensor<1x10xf32>, %w: tensor<3x3x3x2x!i8w>) {
  // CHECK: fovea.quantize {{.*}} {output = !quant.uniform<u8:f32, 5.000000e-01:128>, rounding = "onnx"} : (tensor<1x10xf32>)
  %q = fovea.quantize %r {output = !u8, rounding = "onnx"} : (tensor<1x10xf32>) -> tensor<1x10x!u8>
  // CHECK: fovea.quantized_activation {{.*}} {function = "sigmoid", output = !quant.uniform<u8:f32, 5.000000e-01:128>, rounding = "onnx"}
  %f = fovea.quantized_activation %x {function = "sigmoid", output = !u8, rounding = "onnx"} : (tensor<1x4x4x3x!i8>) -> tensor<1x4x4x3x!u8>
  // CHECK: fovea.quantized_average_pool {{.*}} {count_padding = true, output = !quant.uniform<u8:f32, 5.000000e-01:128>, rounding = "onnx", window = array<i64: 2, 2>}
  %a = fovea.quantized_average_pool %x {count_padding = true, output = !u8, rounding = "onnx", window = array<i64: 2, 2>} : (tensor<1x4x4x3x!i8>) -> tensor<1x2x2x3x!u8>
  // CHECK: fovea.reinterpret {{.*}} {output = !quant.uniform<i8:f32, 1.250000e-01>}
  %s = fovea.reinterpret %x {output = !i8w} : (tensor<1x4x4x3x!i8>) -> tensor<1x4x4x3x!i8w>
  // CHECK: fovea.integer_conv {{.*}} -> tensor<1x2x2x2xi32>
  %c = fovea.integer_conv %x, %w : (tensor<1x4x4x3x!i8>, tensor<3x3x3x2x!i8w>) -> tensor<1x2x2x2xi32>
  // CHECK: fovea.dynamic_quantize
  %d:3 = fovea.dynamic_quantize %r : (tensor<1x10xf32>) -> (tensor<1x10x!quant.uniform<u8:f32, 1.0>>, tensor<f32>, tensor<!quant.uniform<u8:f32, 1.0>>)
  return
}
