// SPDX-License-Identifier: Apache-2.0
// Every pass of the road from a recorded network to kernels; documentation is generated from here.
#ifndef FOVEA_PASSES_PASSES
#define FOVEA_PASSES_PASSES

include "mlir/Pass/PassBase.td"

def DifferentiatePass : Pass<"fovea-differentiate", "::mlir::func::FuncOp"> {
  let summary = "replace fovea.gradients by operators: reverse mode";
  let description = [{
    Walks back from the loss over the operators that lie between it and the values it is differentiated by, adding up what reaches each value
    (fovea.add). A value the loss does not depend on gets zeros. Several fovea.gradients are replaced in order, so that a gradient can be
    differentiated again. Baydin et al., "Automatic differentiation in machine learning: a survey", JMLR 2018.
  }];
  let constructor = "::fovea::create_differentiate_pass()";
  let dependentDialects = ["::fovea::dialect::FoveaDialect"];
}

def ConvertToLinalgPass : Pass<"convert-fovea-to-linalg", "::mlir::func::FuncOp"> {
  let summary = "replace every operator by linalg operations";
  let description = [{
    Applies LinalgLoweringOpInterface until no operator of the dialect is left: composite operators become simpler ones first. Quantized
    tensors become their integers, signless ones; arguments and results of u8 are marked `fovea.storage`.
  }];
  let constructor = "::fovea::create_convert_to_linalg_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::mlir::quant::QuantizationDialect"];
}

def MixedPrecisionPass : Pass<"fovea-mixed-precision", "::mlir::func::FuncOp"> {
  let summary = "activations and products in bf16, sums and parameters in f32";
  let description = [{
    Over linalg operations. A tensor whose first dimension is the batch's, and that is not summed along its channels (as logits are) or returned, is
    kept in memory as bf16: the operation that computes it rounds, those that read it extend. Contractions of such tensors read both operands
    in bf16 and sum in f32; filters are rounded once for all that read them. Reductions, losses, statistics, gradients of parameters and
    their updates stay in f32. Micikevicius et al., "Mixed precision training", 2018; Kalamkar et al., "A study of BFLOAT16 for deep
    learning training", 2019.
  }];
  let constructor = "::fovea::create_mixed_precision_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def DotProductsPass : Pass<"fovea-dot-products", "::mlir::func::FuncOp"> {
  let summary = "contractions of bytes laid out for the processor's integer products";
  let description = [{
    Over linalg operations. Sums of products of bytes get neighboring channels of image and filter as a last dimension of their own, four or two
    of them, which code generation sees as one number (fovea/codegen/kernel/dot_product_packing.h). Missing channels are zeros. Where the processor multiplies
    bytes of unlike signs only, or of equal ones only, the image's sign bit is flipped where it is computed, which adds or takes away 128,
    and 128 times the sum of the filter makes up for it: the integers stay the same. `pairs` are extended to 16 bits. Depthwise
    contractions are sums of image minus padding, for taps in the padding to be zero: with `words` of integers, whose factors fit 16 bits,
    else, where the terms are so few that f32 counts them exactly, in f32. What depends on filters alone is linalg operations of its own, for fovea-hoist-constants. Jacob et al., "Quantization and training of neural
    networks for efficient integer-arithmetic-only inference", 2018, section 2.
  }];
  let options = [Option<"products", "products", "std::string", "\"none\"",
                        "mixed-quads (x86 vpdpbusd), equal-quads (Arm sdot, udot), pairs (x86 vpmaddwd, WebAssembly's dot) or none">,
                 Option<"words", "words", "bool", "false", "depthwise sums of integers, not of f32">];
  let constructor = "::fovea::create_dot_products_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect"];
}

def FoldPass : Pass<"fovea-fold", "::mlir::func::FuncOp"> {
  let summary = "compute what is constant, drop what does nothing";
  let description = [{
    Element-wise operators and reshapes of small constants become constants. Adding zero, multiplying by one, casts to the same type or
    back from a wider one, and reshapes of reshapes go.
  }];
  let constructor = "::fovea::create_fold_pass()";
  let dependentDialects = ["::fovea::dialect::FoveaDialect"];
}

def SplitPass : Pass<"fovea-split", "::mlir::func::FuncOp"> {
  let summary = "long sums into few results become partial sums";
  let description = [{
    A contraction with few results over a long leading reduction (the gradient by a small filter, over the batch) becomes one of as many
    parts as divide the batch evenly, side by side, and their sum in a fixed order: work for every thread, and each image is read once.
  }];
  let constructor = "::fovea::create_split_pass()";
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

def HoistConstantsPass : Pass<"fovea-hoist-constants", "::mlir::ModuleOp"> {
  let summary = "take what depends on parameters alone out of an inference program";
  let description = [{
    Over linalg operations. What can be computed from arguments of role `parameter` and `state` (batch norm folded into filters, biases of quantized
    layers, transposed or sliced weights) moves into a second function (attribute `fovea.initializer`), run once when values are bound. Its
    results are new arguments of the network's function, of role `hoisted`, named hoisted.0, hoisted.1 and so on in its order. Views stay
    where they are, and so does what would only make a tensor larger. Parameters that a result replaces are read as they are.
  }];
  let constructor = "::fovea::create_hoist_constants_pass()";
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def FoldBatchNormPass : Pass<"fovea-fold-batch-norm", "::mlir::func::FuncOp"> {
  let summary = "batch norm joins the convolution or dense layer before it";
  let description = [{
    For inference. Where the filter is made of parameters or constants, and so are scale, shift and statistics, the norm goes into the
    filter and a bias: fovea-hoist-constants computes them once. Otherwise it becomes one multiplication and one addition by numbers that are
    computed once a channel, and fovea-fuse puts both into the contraction's kernel. A bias between the two joins those numbers. Jacob et al., "Quantization and training of neural
    networks for efficient integer-arithmetic-only inference", 2018, section 3.2.
  }];
  let constructor = "::fovea::create_fold_batch_norm_pass()";
  let dependentDialects = ["::fovea::dialect::FoveaDialect"];
}

def FusePass : Pass<"fovea-fuse", "::mlir::ModuleOp"> {
  let summary = "fuse linalg operations into kernels that share a loop";
  let description = [{
    The network's function becomes calls of private kernel functions (attribute `fovea.kernel`) in the order they run, with views between
    them. A kernel is a root (a contraction, a reduction, pooling) with the padding before it and the element-wise work after it, or
    element-wise work alone. Element-wise work joins the kernel that computes what it reads; reductions take in the element-wise work
    before them; what a few additions and multiplications make of a tensor that is in memory anyway (the normalized values that the gradient
    of a batch norm reads) is made again by each reader; sums over the same tensor become one; phases of strided gradients are written in place (result attribute
    `fovea.in_place`: the argument that holds the result). Shapes are made canonical, so that equal work is one kernel, and a 1x1
    convolution is a dense layer. Updates of parameters and state run after the last reader of the old value.
  }];
  let constructor = "::fovea::create_fuse_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def RematerializePass : Pass<"fovea-rematerialize", "::mlir::ModuleOp"> {
  let summary = "repeat calls in the backward pass, so that less memory is needed between them";
  let description = [{
    After fovea-fuse. Tensors that are kept from the forward pass for the backward pass end with their last use in the former, and the
    calls that make them are repeated before the latter asks for them, until the memory plan fits `bytes`: the same kernels on the
    same operands, so the results are the same bit for bit, random numbers included. What costs little for its size goes first, then
    all but the borders of segments. Chen et al., "Training deep nets with sublinear memory cost", 2016.
  }];
  let options = [Option<"bytes", "bytes", "int64_t", "0", "what the tensors between the calls may take">];
  let constructor = "::fovea::create_rematerialize_pass()";
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect"];
}

#endif
