// SPDX-License-Identifier: Apache-2.0
/// \file
/// Filters that whiten the data that they are set from: a first layer that need not be learned.
#pragma once

#include "fovea/core/tensor.h"
#include "fovea/data/sources/dataset.h"
#include "fovea/nn/trace.h"

namespace fovea {

/// The eigenvalues of a symmetric matrix and their eigenvectors.
struct Eigensystem {
  std::vector<double> values;   ///< ascending
  std::vector<double> vectors;  ///< [n, n], one in each row; the largest entry of each is positive
};
/// The eigensystem of a symmetric matrix [n, n] (row-major), by cyclic Jacobi rotations (Golub and Van Loan, "Matrix
/// Computations", 8.5).
Eigensystem eigensystem_of(std::vector<double> matrix, int64_t n);

/// A filter [height, width, channels, out]. Its first outputs are the eigenvectors of the covariance (about 0) of the patches
/// of its size in the first 5,000 preprocessed images, each divided by sqrt(eigenvalue + 5e-4); the other outputs are their
/// negatives (Page 2018; Jordan 2024). Refuses a shape whose outputs are not twice its taps times channels.
Tensor whitening_filters(const Dataset& dataset, const Preprocessing& preprocessing, const Shape& shape);

}  // namespace fovea
