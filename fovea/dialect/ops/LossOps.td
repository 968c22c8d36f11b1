// SPDX-License-Identifier: Apache-2.0
// Softmax and the losses. A loss is a scalar, the mean over the batch.
include "fovea/dialect/ops/Dialect.td"

def Fovea_SoftmaxOp : Fovea_Operator<"softmax"> {
  let summary = "exp(x) divided by its sum along the last dimension";
  let arguments = (ins Fovea_Float:$input);
  let results = (outs Fovea_Float:$output);
}

def Fovea_LogSoftmaxOp : Fovea_Operator<"log_softmax"> {
  let summary = "the logarithm of softmax, along the last dimension";
  let arguments = (ins Fovea_Float:$input);
  let results = (outs Fovea_Float:$output);
}

def Fovea_OneHotOp : Fovea_GradientOperator<"one_hot"> {
  let summary = "a row for each label: `on` at the label, `off` elsewhere";
  let description = [{
    ```mlir
    %t = fovea.one_hot %labels {classes = 10 : i64, dtype = f32} : (tensor<128xi32>) -> tensor<128x10xf32>
    ```
  }];
  let arguments = (ins StaticShapeTensorOf<[I32]>:$labels, I64Attr:$classes, TypeAttr:$dtype,
                       DefaultValuedOptionalAttr<F64Attr, "1.0">:$on, DefaultValuedOptionalAttr<F64Attr, "0.0">:$off);
  let results = (outs Fovea_Float:$output);
}

def Fovea_SoftmaxCrossEntropyOp : Fovea_Operator<"softmax_cross_entropy"> {
  let summary = "mean over the batch of -log softmax(logits) at the label";
  let description = [{
    With `label_smoothing` s the target is 1 - s at the label plus s / classes everywhere (Szegedy et al., "Rethinking the Inception
    architecture", 2015, section 7). A label outside [0, classes) contributes only the smoothing to the target.

    ```mlir
    %loss = fovea.softmax_cross_entropy %logits, %labels {label_smoothing = 0.1 : f64}
        : (tensor<128x10xf32>, tensor<128xi32>) -> tensor<f32>
    ```
  }];
  let arguments = (ins Fovea_Float:$logits, StaticShapeTensorOf<[I32]>:$labels,
                       DefaultValuedOptionalAttr<F64Attr, "0.0">:$label_smoothing);
  let results = (outs Fovea_Float:$output);
}

def Fovea_SigmoidCrossEntropyOp : Fovea_Operator<"sigmoid_cross_entropy"> {
  let summary = "mean of max(x, 0) - x * t + log(1 + exp(-|x|)) over all elements, each a decision of its own";
  let arguments = (ins Fovea_Float:$logits, Fovea_Float:$targets);
  let results = (outs Fovea_Float:$output);
}

def Fovea_MeanSquaredErrorOp : Fovea_Operator<"mean_squared_error"> {
  let summary = "mean of (prediction - target) squared over all elements";
  let arguments = (ins Fovea_Float:$prediction, Fovea_Float:$targets);
  let results = (outs Fovea_Float:$output);
}

def Fovea_HuberLossOp : Fovea_Operator<"huber_loss"> {
  let summary = "mean of e * e / 2 where |e| <= delta, else delta * (|e| - delta / 2), over all elements (Huber 1964)";
  let arguments = (ins Fovea_Float:$prediction, Fovea_Float:$targets, DefaultValuedOptionalAttr<F64Attr, "1.0">:$delta);
  let results = (outs Fovea_Float:$output);
}
