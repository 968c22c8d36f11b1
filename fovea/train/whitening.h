// SPDX-License-Identifier: Apache-2.0
// Filters that whiten the data they are set from: a first layer that need not be learnt.
#pragma once

#include "fovea/core/tensor.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/nn/trace.h"

namespace fovea {

// Of a symmetric matrix [n, n], row by row: eigenvalues from the smallest, and their eigenvectors, a row each, by cyclic Jacobi
// rotations (Golub and Van Loan, "Matrix Computations", 8.5). The largest entry of each eigenvector is positive.
struct Eigensystem {
  std::vector<double> values;
  std::vector<double> vectors;
};
Eigensystem eigensystem_of(std::vector<double> matrix, int64_t n);

// A filter [height, width, channels, out] whose first outputs are the eigenvectors of the covariance (about 0) of the patches
// of its size in the first 5,000 images, preprocessed, each divided by sqrt(eigenvalue + 5e-4), and whose others are their
// negatives (Page 2018; Jordan 2024). Refuses a shape whose outputs are not twice its taps and channels.
Tensor whitening_filters(const Dataset& dataset, const Preprocessing& preprocessing, const Shape& shape);

}  // namespace fovea
