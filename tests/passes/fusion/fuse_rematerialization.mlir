// RUN: fovea-opt %s --fovea-fuse | FileCheck %s

// A batch norm's gradient needs the normalized values, which are two operations on the convolution's result %x, and the sum
// over it reads %x anyway. The sum of gradient * normalized and the gradient by %x read %x and the statistics; neither the
// normalized values nor their product with the gradient is ever stored.

// CHECK-LABEL: func.func @main
// CHECK: %[[SUM:.*]] = call @{{.*}}(%arg0) : (tensor<24x5xf32>) -> tensor<5xf32>
// CHECK: %[[SQUARES:.*]] = call @{{.*}}(%arg0, %[[SUM]]) : (tensor<24x5xf32>, tensor<5xf32>) -> tensor<5xf32>
// CHECK: %[[ALONG:.*]] = call @{{.*}}(%arg1, %arg0, %[[SUM]], %[[SQUARES]]) : {{.*}} -> tensor<5xf32>
// CHECK: %[[BY:.*]] = call @elementwise({{.*}}) : (tensor<24x5xf32>, tensor<24x5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>) -> tensor<24x5xf32>
// CHECK-NOT: call
// CHECK: return %[[ALONG]], %[[BY]]

#all = affine_map<(a, c) -> (a, c)>
#channel = affine_map<(a, c) -> (c)>
#in = affine_map<(c, a) -> (a, c)>
#sum = affine_map<(c, a) -> (c)>
func.func @main(%x: tensor<24x5xf32> {fovea.name = "x", fovea.role = "input"}, %g: tensor<24x5xf32> {fovea.name = "g", fovea.role = "input"})
    -> (tensor<5xf32> {fovea.name = "along"}, tensor<24x5xf32> {fovea.name = "by"}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<24x5xf32>
  %c = tensor.empty() : tensor<5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%c : tensor<5xf32>) -> tensor<5xf32>
  %mean = linalg.generic {indexing_maps = [#in, #sum], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<24x5xf32>) outs(%f : tensor<5xf32>) {
    ^bb0(%u: f32, %a: f32):
      %s = arith.addf %a, %u : f32
      linalg.yield %s : f32
  } -> tensor<5xf32>
  %centered = linalg.generic {indexing_maps = [#all, #channel, #all], iterator_types = ["parallel", "parallel"]} ins(%x, %mean : tensor<24x5xf32>, tensor<5xf32>) outs(%e : tensor<24x5xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %s = arith.subf %u, %v : f32
      linalg.yield %s : f32
  } -> tensor<24x5xf32>
  %square = linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]} ins(%centered : tensor<24x5xf32>) outs(%e : tensor<24x5xf32>) {
    ^bb0(%u: f32, %o: f32):
      %s = arith.mulf %u, %u : f32
      linalg.yield %s : f32
  } -> tensor<24x5xf32>
  %inverse = linalg.generic {indexing_maps = [#in, #sum], iterator_types = ["parallel", "reduction"]} ins(%square : tensor<24x5xf32>) outs(%f : tensor<5xf32>) {
    ^bb0(%u: f32, %a: f32):
      %s = arith.addf %a, %u : f32
      linalg.yield %s : f32
  } -> tensor<5xf32>
  %normal = linalg.generic {indexing_maps = [#all, #channel, #all], iterator_types = ["parallel", "parallel"]} ins(%centered, %inverse : tensor<24x5xf32>, tensor<5xf32>) outs(%e : tensor<24x5xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %s = arith.mulf %u, %v : f32
      linalg.yield %s : f32
  } -> tensor<24x5xf32>
  %product = linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]} ins(%g, %normal : tensor<24x5xf32>, tensor<24x5xf32>) outs(%e : tensor<24x5xf32>) {
    ^bb0(%u: f32, %v: f32, %o: f32):
      %s = arith.mulf %u, %v : f32
      linalg.yield %s : f32
  } -> tensor<24x5xf32>
  %along = linalg.generic {indexing_maps = [#in, #sum], iterator_types = ["parallel", "reduction"]} ins(%product : tensor<24x5xf32>) outs(%f : tensor<5xf32>) {
    ^bb0(%u: f32, %a: f32):
      %s = arith.addf %a, %u : f32
      linalg.yield %s : f32
  } -> tensor<5xf32>
  %by = linalg.generic {indexing_maps = [#all, #all, #channel, #all], iterator_types = ["parallel", "parallel"]} ins(%g, %normal, %along : tensor<24x5xf32>, tensor<24x5xf32>, tensor<5xf32>) outs(%e : tensor<24x5xf32>) {
    ^bb0(%u: f32, %v: f32, %w: f32, %o: f32):
      %s = arith.mulf %v, %w : f32
      %t = arith.subf %u, %s : f32
      linalg.yield %t : f32
  } -> tensor<24x5xf32>
  return %along, %by : tensor<5xf32>, tensor<24x5xf32>
}
