// SPDX-License-Identifier: Apache-2.0
// The passes of the lowering pipeline from a recorded network to kernels. docs/passes.md is generated from this file.
#ifndef FOVEA_PASSES_PASSES
#define FOVEA_PASSES_PASSES

include "mlir/Pass/PassBase.td"

def DifferentiatePass : Pass<"fovea-differentiate", "::mlir::func::FuncOp"> {
  let summary = "replace fovea.gradients by operators: reverse mode";
  let description = [{
    Visits the operators between the loss and the values that it is differentiated by, from last to first, and sums the contributions to each
    value (fovea.add). A value on which the loss does not depend gets zeros. Several fovea.gradients are replaced in order, so that a gradient
    can be differentiated again. Baydin et al., "Automatic differentiation in machine learning: a survey", JMLR 2018.
  }];
  let constructor = "::fovea::create_differentiate_pass()";
  let dependentDialects = ["::fovea::dialect::FoveaDialect"];
}

def ConvertToLinalgPass : Pass<"convert-fovea-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "replace every operator by linalg operations";
  let description = [{
    Applies LinalgLoweringOpInterface until no operator of the dialect is left; composite operators become simpler ones first. Quantized
    tensors become signless integers; arguments and results of u8 are marked `fovea.storage`.
  }];
  let constructor = "::fovea::create_convert_to_linalg_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::quant::QuantizationDialect"];
}

def MixedPrecisionPass : Pass<"fovea-mixed-precision", "::mlir::func::FuncOp"> {
  let summary = "activations and products in bf16, sums and parameters in f32";
  let description = [{
    Works on linalg operations. A tensor whose first dimension is the batch, and that is neither summed along its channels (as logits are) nor
    returned, is stored as bf16: the operation that computes it rounds, and those that read it extend. Contractions of such tensors read both
    operands in bf16 and sum in f32; filters are rounded once for all users. Reductions, losses, statistics, gradients of parameters and
    their updates stay in f32. Micikevicius et al., "Mixed precision training", 2018; Kalamkar et al., "A study of BFLOAT16 for deep
    learning training", 2019.
  }];
  let constructor = "::fovea::create_mixed_precision_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def DotProductsPass : Pass<"fovea-dot-products", "::mlir::func::FuncOp"> {
  let summary = "arrange contractions of bytes for the processor's integer dot products";
  let description = [{
    Works on linalg operations. Sums of products of bytes get two or four neighboring channels of image and filter as a last dimension of their
    own, which code generation treats as one number (fovea/codegen/kernel/dot_product_packing.h). Missing channels are zeros. When the
    processor only multiplies bytes of different signs, or only of equal signs, the image's sign bit is flipped where the image is computed.
    This adds or subtracts 128, and 128 times the sum of the filter compensates for it, so that the integers stay the same. `pairs` are extended
    to 16 bits. Depthwise contractions are sums of image minus padding, so that taps in the padding are zero: with `words` they are sums of
    integers, whose factors fit 16 bits; otherwise, if there are so few terms that f32 is exact, they are sums in f32. What depends on filters
    alone is a linalg operation of its own, for fovea-hoist-constants. Jacob et al., "Quantization and training of neural
    networks for efficient integer-arithmetic-only inference", 2018, section 2.
  }];
  let options = [Option<"products", "products", "std::string", "\"none\"",
                        "mixed-quads (x86 vpdpbusd), equal-quads (Arm sdot, udot), pairs (x86 vpmaddwd, WebAssembly's dot) or none">,
                 Option<"words", "words", "bool", "false", "sum depthwise contractions in integers, not in f32">];
  let constructor = "::fovea::create_dot_products_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def FoldPass : Pass<"fovea-fold", "::mlir::func::FuncOp"> {
  let summary = "compute constants, and remove operators without effect";
  let description = [{
    Element-wise operators and reshapes of small constants become constants. Additions of zero, multiplications by one, casts to
    the same type or back from a wider one, and reshapes of reshapes are removed.
  }];
  let constructor = "::fovea::create_fold_pass()";
  let dependentDialects = ["::fovea::dialect::FoveaDialect"];
}

def SplitPass : Pass<"fovea-split", "::mlir::func::FuncOp"> {
  let summary = "split long sums into few results into partial sums";
  let description = [{
    A contraction with few results over a long leading reduction (such as the gradient by a small filter, over the batch) is split into parts that
    divide the batch evenly, and their sum in a fixed order. This gives work to every thread, and each image is read once.
  }];
  let constructor = "::fovea::create_split_pass()";
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def HoistConstantsPass : Pass<"fovea-hoist-constants", "::mlir::ModuleOp"> {
  let summary = "hoist what depends on parameters alone out of an inference program";
  let description = [{
    Works on linalg operations. What can be computed from arguments of role `parameter` and `state` (batch norm folded into filters, biases of quantized
    layers, transposed or sliced weights) moves into a second function (attribute `fovea.initializer`), which runs once when values are
    bound. Its results are new arguments of the network's function with the role `hoisted`, named hoisted.0, hoisted.1 and so on in its order.
    Views are not moved, nor is what would only make a tensor larger. Parameters that a result replaces are read as they are.
  }];
  let constructor = "::fovea::create_hoist_constants_pass()";
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def FoldBatchNormPass : Pass<"fovea-fold-batch-norm", "::mlir::func::FuncOp"> {
  let summary = "fold batch norm into the convolution or dense layer before it";
  let description = [{
    For inference. When the filter, scale, shift and statistics are computed from parameters or constants, the norm is folded into the filter and
    a bias, which fovea-hoist-constants computes once. Otherwise it becomes one multiplication and one addition by numbers that are computed
    once for each channel, and fovea-fuse puts both into the contraction's kernel. A bias between the two is included in those numbers. Jacob et al., "Quantization and training of neural
    networks for efficient integer-arithmetic-only inference", 2018, section 3.2.

    With `by-value` it is for networks whose parameters are known by value, as files are written of: sums and products with numbers by channel are
    folded, too, each norm that follows no contraction is replaced, and it fails on a norm whose parameters are not known. The location of each tensor that is
    computed is then its name: that of the tensor in whose place it is, or the filter's with "bias" for "weight". Epsilon keeps all its digits.
  }];
  let options = [Option<"by_value", "by-value", "bool", "false", "leave no norm, for parameters that are then computed by value">,
                 Option<"norms_as_convolutions", "norms-as-convolutions", "bool", "false",
                        "with by-value: a norm of maps that follows no contraction becomes a depthwise 1x1 convolution, not a product and a sum">];
  let constructor = "::fovea::create_fold_batch_norm_pass()";
  let dependentDialects = ["::fovea::dialect::FoveaDialect"];
}

def GroupLayersPass : Pass<"fovea-group-layers", "::mlir::func::FuncOp"> {
  let summary = "number the layers that other runtimes compute by one operator";
  let description = [{
    A convolution or dense layer whose weight is a parameter, with the addition of its bias and the activation that follows, is one layer, and so
    is a sum, difference or product with its activation, where nothing else reads the values between. Any other operator is a layer of its own. Each operator gets
    the number of its layer as the attribute `fovea.layer`. Writers of files and the quantizer go by the same groups
    (fovea/passes/network/fused_layers.h).
  }];
  let constructor = "::fovea::create_group_layers_pass()";
  let dependentDialects = ["::fovea::dialect::FoveaDialect"];
}

def DequantizePass : Pass<"fovea-dequantize", "::mlir::func::FuncOp"> {
  let summary = "replace operators on integers by those on the real numbers that they stand for";
  let description = [{
    The same function without rounding: quantized tensors become f32, quantize and dequantize operators are left out, and a plain i32 bias of a
    quantized convolution or dense layer becomes f32, too. The values of parameters are not part of the text; who runs the pass on a model
    converts them to scale * (q - zero). Fails on integers with scales by channel that are reinterpreted, and on operators that have no
    counterpart on real numbers.
  }];
  let constructor = "::fovea::create_dequantize_pass()";
  let dependentDialects = ["::fovea::dialect::FoveaDialect"];
}

def QuantizePass : Pass<"fovea-quantize", "::mlir::func::FuncOp"> {
  let summary = "replace layers between dequantize and quantize by operators on integers";
  let description = [{
    A `fovea.quantize` with the attribute `fovea.layer_end`, the layer of real numbers that it reads, and the `fovea.dequantize` that this layer
    reads become one operator on integers: a convolution or dense layer with its bias and activation, a sum, difference or product with its
    activation, a mean, a softmax, a function, or an operator that only moves numbers, whose types are then equal. A swish becomes a sigmoid and a
    product, as in TensorFlow Lite. Other layers stay as they are. It fails on a layer that is marked and has no counterpart on integers. Weights in 4 bits
    are arguments with the attribute `fovea.four_bits`; depthwise convolutions of such weights round as LiteRT does. Jacob et al., "Quantization and training of
    neural networks for efficient integer-arithmetic-only inference", 2018, section 2.
  }];
  let constructor = "::fovea::create_quantize_pass()";
  let dependentDialects = ["::fovea::dialect::FoveaDialect"];
}

def FusePass : Pass<"fovea-fuse", "::mlir::ModuleOp"> {
  let summary = "fuse linalg operations into kernels that share a loop";
  let description = [{
    The network's function becomes calls of private kernel functions (attribute `fovea.kernel`) in the order in which they run, with views
    between them. A kernel is a root (a contraction, a reduction, pooling) with the padding before it and the element-wise work after it, or
    element-wise work alone. Element-wise work joins the kernel that computes what it reads, and reductions take in the element-wise
    work before them. Results of a few additions and multiplications on a tensor that is in memory anyway (such as the normalized values that
    the gradient of a batch norm reads) are recomputed by each user. Sums over the same tensor are merged. Phases of strided gradients are
    written in place (result attribute `fovea.in_place`: the argument that holds the result). Shapes are made canonical, so that equal work is one kernel, and a 1x1
    convolution is a dense layer. Updates of parameters and state run after the last reader of the old value.
  }];
  let constructor = "::fovea::create_fuse_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def RematerializePass : Pass<"fovea-rematerialize", "::mlir::ModuleOp"> {
  let summary = "repeat calls in the backward pass, so that less memory is needed";
  let description = [{
    Runs after fovea-fuse. Tensors that are kept from the forward pass for the backward pass end with their last use in the former, and the
    calls that compute them are repeated before the latter needs them, until the memory plan fits `bytes`. They are the same kernels on the
    same operands, so the results are equal bit for bit, random numbers included. What costs little for its size is repeated first, then
    everything except the borders of segments. Chen et al., "Training deep nets with sublinear memory cost", 2016.
  }];
  let options = [Option<"bytes", "bytes", "int64_t", "0", "what the tensors between the calls may take, in bytes">];
  let constructor = "::fovea::create_rematerialize_pass()";
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect"];
}

#endif
