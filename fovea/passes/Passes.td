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

def FormulasPass : Pass<"fovea-formulas", "::mlir::func::FuncOp"> {
  let summary = "replace every operator by its formula in linalg";
  let description = [{
    Applies FormulaOpInterface until no operator of the dialect is left: composite operators become simpler ones first.
  }];
  let constructor = "::fovea::create_formulas_pass()";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

#endif
